# SPDX-License-Identifier: MIT
# score, evaluate and generate agree with each other and with a training run, and reject what they cannot do.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
small_model other 2
write_pairs 12 >pairs.jsonl
printf '%s\n' '{"prompt": "Q", "responses": [" a", " b", " a"], "scores": [1, 0, 2]}' >lists.jsonl
printf '%s\n' '{"prompt": "Q", "completion": " a", "label": true}' '{"prompt": "R", "completion": "", "label": false}' >unpaired.jsonl
close() { # WHAT ONE OTHER TOLERANCE
  awk -v a="$2" -v b="$3" -v t="$4" 'BEGIN { d = a - b; exit !(d < t && d > -t) }' || fail "$1: $2 and $3"
}
value() { sed -E "s/.*\"$1\":([-0-9.e+]+).*/\1/"; }

# score: every response in the file's order, equal ones too; token log-probs add up.
{ cat pairs.jsonl; echo '{"prompt": "Q", "chosen": " same", "rejected": " same"}'; } >equal.jsonl
expect 0 "" "$prefopt" score --model model --data equal.jsonl --output scores.jsonl
[[ $(wc -l <scores.jsonl) == 26 && ! -s stdout ]] || fail "not 26 lines: $(wc -l <scores.jsonl)"
for ((i = 0; i < 13; ++i)); do
  sed -n "$((2 * i + 1))p" scores.jsonl | grep -q "^{\"example\":$i,\"response\":\"chosen\"," || fail "chosen of $i"
  sed -n "$((2 * i + 2))p" scores.jsonl | grep -q "^{\"example\":$i,\"response\":\"rejected\"," || fail "rejected of $i"
done
[[ $(sed -n 25p scores.jsonl | value log_prob) == "$(sed -n 26p scores.jsonl | value log_prob)" ]] || fail "equal responses differ"
while read -r line; do
  tokens=$(sed -E 's/.*"token_log_probs":\[([^]]*)\].*/\1/' <<<"$line" | tr ',' '\n')
  [[ $(wc -l <<<"$tokens") == "$(value tokens <<<"$line")" ]] || fail "tokens: $line"
  close "a sum" "$(awk '{ s += $1 } END { printf "%.12g", s }' <<<"$tokens")" "$(value log_prob <<<"$line")" 1e-9
done <scores.jsonl
expect 0 "" "$prefopt" score --model model --data lists.jsonl --output - --precision bf16
[[ $(sed -E 's/.*"response":([^,]*),.*/\1/' stdout | tr '\n' ' ') == "0 1 2 " ]] || fail "lists: $(cat stdout)"
expect 0 "" "$prefopt" score --model model --data unpaired.jsonl --output -
[[ $(grep -c '"response":"completion"' stdout) == 2 ]] || fail "unpaired: $(cat stdout)"
sed -n 2p stdout | grep -q '"tokens":1,' || fail "an empty completion is its end token: $(cat stdout)"
expect 1 "pairs.jsonl: line 1: a response has no token to predict, with at most 3 tokens" \
  "$prefopt" score --model model --data pairs.jsonl --output no.jsonl --max-length 3
[[ ! -e no.jsonl ]] || fail "an output although it failed"

# evaluate: of the model against itself log 2; the mean log-probs are those of score, and the loss that of a training run.
expect 0 "" "$prefopt" evaluate --model model --reference model --data pairs.jsonl
close "log 2" "$(value eval_loss <stdout)" 0.693147180559945 1e-9
grep -q '"eval_pairs":12' stdout && ! grep -q '"step"' stdout || fail "evaluate: $(cat stdout)"
mean=$(head -24 scores.jsonl | grep '"chosen"' | value log_prob | awk '{ s += $1 } END { printf "%.9g", s / NR }')
close "mean log-prob" "$(value eval_logps.chosen <stdout)" "$mean" 1e-4
expect 0 "" "$prefopt" evaluate --model model --reference other --data pairs.jsonl --loss ipo --beta 0.2 --output eval.json
expect 0 "" "$train" --model model --reference other --train pairs.jsonl --loss ipo --beta 0.2 --batch-size 12 --max-steps 1 \
  --learning-rate 0 --output out
close "the loss of a run" "$(value eval_loss <eval.json)" "$(value loss <out/metrics.jsonl)" 1e-4
expect 0 "" "$prefopt" evaluate --model model --data pairs.jsonl --loss simpo
expect 2 "reads one, expected a folder" "$prefopt" evaluate --model model --data pairs.jsonl
expect 2 "does not read it" "$prefopt" evaluate --model model --data pairs.jsonl --loss simpo --reference other
expect 1 "lists.jsonl: contains lists" "$prefopt" evaluate --model model --reference other --data lists.jsonl
expect 0 "" "$prefopt" evaluate --model model --reference other --data pairs.jsonl --use-weighting --output eval.json
expect 0 "" "$train" --model model --reference other --train pairs.jsonl --use-weighting --batch-size 12 --max-steps 1 \
  --learning-rate 0 --output weighted
close "with square sums" "$(value eval_loss <eval.json)" "$(value loss <weighted/metrics.jsonl)" 1e-9

# An output is tried before the work, and never the input.
cp pairs.jsonl kept.jsonl
for command in score evaluate generate; do
  reference=()
  [[ $command == evaluate ]] && reference=(--reference model)
  expect 1 "./pairs.jsonl: is the input, expected another file" \
    "$prefopt" $command --model model --data pairs.jsonl --output ./pairs.jsonl "${reference[@]}"
  expect 1 "missing/out.jsonl" "$prefopt" $command --model model --data no_such.jsonl --output missing/out.jsonl "${reference[@]}"
done
cmp -s pairs.jsonl kept.jsonl || fail "the input was changed"

# generate: one line per response, the same for the same seed, however many prompts go with it.
head -3 pairs.jsonl >prompts.jsonl
echo '{"prompt": [{"role": "user", "content": "Hi"}]}' >>prompts.jsonl
expect 0 "" "$prefopt" generate --model model --data prompts.jsonl --max-new-tokens 8 --num-return-sequences 2 --output written.jsonl
[[ $(sed -E 's/.*"example":([0-9]+).*/\1/' written.jsonl | tr '\n' ' ') == "0 0 1 1 2 2 3 3 " ]] || fail "$(cat written.jsonl)"
grep -q '"prompt":"\\n\\nHuman: Hi\\n\\nAssistant:"' written.jsonl || fail "messages: $(cat written.jsonl)"
expect 0 "" "$prefopt" generate --model model --data prompts.jsonl --max-new-tokens 8 --num-return-sequences 2 --output again.jsonl
cmp -s written.jsonl again.jsonl || fail "not the same responses"
expect 0 "" "$prefopt" generate --model model --data prompts.jsonl --max-new-tokens 8 --seed 7
cmp -s written.jsonl stdout && fail "the seed does nothing"
expect 0 "" "$prefopt" generate --model model --data prompts.jsonl --max-new-tokens 8 --temperature 0
cp stdout greedy
expect 0 "" "$prefopt" generate --model model --data prompts.jsonl --max-new-tokens 8 --top-k 1
cmp -s greedy stdout || fail "top-k 1 is not greedy"

{ head -1 pairs.jsonl; printf '{"prompt": "%0*d"}\n' 3000 0; } >long.jsonl
expect 1 "long.jsonl: line 2: a prompt of " "$prefopt" generate --model model --data long.jsonl
echo '{"prompt": ""}' >no_prompt.jsonl
expect 1 "no_prompt.jsonl: line 1: a prompt of 0 tokens" "$prefopt" generate --model model --data no_prompt.jsonl
expect 2 "--num-return-sequences" "$prefopt" generate --model model --data prompts.jsonl --num-return-sequences 0
expect 2 "--num-return-sequences" "$prefopt" generate --model model --data prompts.jsonl --num-return-sequences 5000000000

# The way in.
"$prefopt" >stdout 2>stderr
[[ $? == 2 ]] && grep -q '^  train' stderr || fail "no command: $(cat stderr)"
expect 2 "tune is no command" "$prefopt" tune
expect 0 "" "$prefopt" --help
grep -q '^  generate' stdout || fail "help: $(cat stdout)"
for option in --show-pairs --report_to --rpo-alpha=1 --torch_dtype --config --per-device-train-batch-size --bf16 --gradient_accumulation_steps --dataset-name=x; do
  expect 2 "no option here; " "$train" --model model --train pairs.jsonl --output out2 $option 4
done
# TRL's names, with hyphens or underscores, are the same options.
aliases=(--model_name_or_path model --train pairs.jsonl --output-dir aliased --num-train-epochs 1 --lr_scheduler_type constant
  --logging-steps 2 --save_steps 2 --loss-type sigmoid --batch_size 4 --learning_rate 1e-3)
expect 0 "" "$train" "${aliases[@]}"
expect 0 "" "$train" --model model --train pairs.jsonl --output plain --epochs 1 --schedule constant --log-every 2 --save-every 2 \
  --loss dpo --batch-size 4 --learning-rate 1e-3
cmp -s aliased/model.safetensors plain/model.safetensors || fail "aliases give another run"

# A run begins with a header, and ends with a table whose numbers are those of the logs.
expect 0 "" "$train" --model model --reference other --train pairs.jsonl --eval pairs.jsonl --eval-every 3 --output told --epochs 4 \
  --batch-size 2 --learning-rate 1e-3 --reference-cache none
parameters=$(($(stat -c %s model/model.safetensors) / 4))
for line in "model: model, [0-9]+ parameters" "loss: dpo; reference: other" "data: 12 pairs, 12 for evaluation" \
  "steps: 24, each of 2 pairs" "memory: [0-9.]+ MiB for weights, gradients, and optimizer, and the reference, plus "; do
  grep -qE "^$line" stdout || fail "no '$line': $(cat stdout)"
done
stated=$(sed -nE 's/^model: model, ([0-9]+) parameters$/\1/p' stdout)
[[ $stated -le $parameters && $stated -gt $((parameters * 8 / 10)) ]] || fail "$stated parameters in a file of $parameters numbers"
close "memory" "$(sed -nE 's/^memory: ([0-9.]+) .*/\1/p' stdout)" "$(awk -v p="$stated" 'BEGIN { print p * 20 / 1048576 }')" 0.051
grep -qE '^ +steps 1-2 +steps 23-24 +evaluation 3 +evaluation 24$' stdout || fail "no table: $(tail -12 stdout)"
read -r _ first last eval_first eval_last < <(grep '^loss ' stdout)
mean_of() { sed -n "$2p" told/metrics.jsonl | value "$1" | awk '{ s += $1 } END { print s / NR }'; }
close "loss at first" "$first" "$(mean_of loss 1,2)" 1e-4
close "loss at last" "$last" "$(mean_of loss 23,24)" 1e-4
close "first evaluation" "$eval_first" "$(head -1 told/eval.jsonl | value eval_loss)" 1e-4
close "last evaluation" "$eval_last" "$(tail -1 told/eval.jsonl | value eval_loss)" 1e-4
read -r _ _ last _ _ < <(grep '^rewards/margins ' stdout)
close "margin at last" "$last" "$(mean_of rewards.margins 23,24)" 1e-4
expect 0 "" "$train" --model model --train pairs.jsonl --output one --max-steps 1 --batch-size 2 --loss sft
grep -qE '^ +step 1$' stdout && grep -qx 'loss: sft' stdout || fail "one step: $(cat stdout)"

finish
