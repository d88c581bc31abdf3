# SPDX-License-Identifier: MIT
# What users of TRL and of Hugging Face's parser type: it means the same here, or one line says what to use instead.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 12 >pairs.jsonl
lines() { [[ $(wc -l <stderr) == "$1" && ! -s stdout ]] || fail "not $1 lines: $(cat stdout stderr) ($2)"; }
same() { cmp -s "$1/model.safetensors" "$2/model.safetensors" || fail "$1 and $2 differ"; }

# All options that there are not are reported in one run, and what is missing; one line each.
expect 2 "^error: --report-to: no option here; the log is metrics.jsonl" \
  "$train" --report_to wandb --lora_r 16 --model model --no-such 3 --bf16 True --lora_r=8 --output out
for line in "--lora-r: no option here; there are no adapters" "--no-such: no option of prefopt train" \
  "--bf16: no option here; use --precision bf16" "--train is required"; do
  grep -q -e "^error: $line" stderr || fail "no '$line': $(cat stderr)"
done
lines 5 "all problems"
expect 2 "^error: --beta: " "$train" --model model --train pairs.jsonl --output out --beta nonsense
lines 1 "one problem"
expect 2 "" "$train"
lines 3 "three are missing"

# What is misspelled is named as it is spelled, if that is near.
expect 2 "^error: --btea: no option of prefopt train, did you mean --beta\?$" \
  "$train" --model model --train pairs.jsonl --output out --btea 0.2 --lerning_rate=3 --epoch 2 --quite-another 1
grep -q '^error: --lerning-rate: no option of prefopt train, did you mean --learning-rate?$' stderr || fail "no learning-rate: $(cat stderr)"
grep -q '^error: --epoch: no option of prefopt train, did you mean --epochs?$' stderr || fail "no epochs: $(cat stderr)"
grep -q '^error: --quite-another: no option of prefopt train$' stderr || fail "a far name is suggested: $(cat stderr)"
lines 4 misspelled
expect 2 "^error: --exmples: no option of prefopt show, did you mean --examples\?$" "$show" --model model --data pairs.jsonl --exmples 1
expect 2 "^error: --loss: no loss is called simop, did you mean simpo\? Losses: dpo " \
  "$train" --model model --train pairs.jsonl --output out --loss simop
expect 2 "^error: --loss: no loss is called sigmoid_nrm, did you mean sigmoid_norm\? " \
  "$train" --model model --train pairs.jsonl --output out --loss dpo,sigmoid_nrm
expect 2 "^error: --loss: no loss is called nothing_like_it, expected one of dpo " \
  "$train" --model model --train pairs.jsonl --output out --loss nothing_like_it
expect 2 "^error: trian is no command; did you mean train\?$" "$prefopt" trian --model model
lines 1 trian
expect 2 "^prefopt: elephant is no command$" "$prefopt" elephant

# Hints name only options that the command has.
hint() { # COMMAND OPTION HINT
  expect 2 "^error: $2: no option here; $3" "$prefopt" "$1" --model model --data pairs.jsonl "$2" x
  lines 1 "$1 $2"
}
hint score --dataset-name "use --data FILE"
hint score --bf16 "use --precision bf16"
hint evaluate --ref-model "use --reference DIR"
hint evaluate --device "leave it out: this command runs on the CPU"
hint evaluate --batch-size "leave it out"
hint generate --do-sample "use --temperature"
hint generate --max-length "use --max-new-tokens"
hint show --limit "use --examples"
hint show --train "use --data FILE"
expect 2 "^error: --num-hidden-layers: no option here; use --n-layer" "$init" --output new --num_hidden_layers 3
expect 2 "^error: --warmup-ratio: no option of prefopt score" "$prefopt" score --model model --data pairs.jsonl --warmup_ratio 0.1
expect 2 "^error: --data: no option here; use --train FILE" "$train" --model model --data pairs.jsonl --output out
expect 0 "" "$train" --no-such --help
grep -q -e '--learning-rate' stdout || fail "no help: $(head -c 300 stdout)"

# Commands.
expect 0 "" "$prefopt" --version
grep -qE '^prefopt [0-9]+\.[0-9]+\.[0-9]+$' stdout || fail "version: $(cat stdout)"
for pair in dpo:dpo sigmoid:dpo sft:sft kto:kto orpo:orpo; do
  expect 2 "^error: ${pair%:*} is no command; use prefopt train --loss ${pair#*:}$" "$prefopt" "${pair%:*}" --model model
  lines 1 "${pair%:*}"
done
expect 2 "^error: eval is no command; use prefopt evaluate" "$prefopt" eval
expect 2 "^error: reward is no command; reward_model is in the library" "$prefopt" reward

# Lists of losses, and TRL's names.
run() { # FOLDER OPTION...
  expect 0 "" "$train" --model model --train pairs.jsonl --output "$1" --batch-size 4 --learning-rate 1e-3 --threads 1 "${@:2}"
}
run sum --loss sigmoid:0.8,bco_pair:0.2,sft:1
run list --loss_type sigmoid bco_pair sft --loss_weights 0.8 0.2 1.0
same sum list
run unweighted --loss dpo,sft
run unweighted_list --loss-type sigmoid sft
same unweighted unweighted_list
run unpaired --loss aot_unpaired
run former --loss_type aot_pair
same unpaired former
expect 2 "^error: --loss-weights: 1 weight for 2 losses" "$train" --model model --train pairs.jsonl --output out \
  --loss_type sigmoid sft --loss_weights 1
expect 2 "^error: --loss-weights: no option here; use a sum" "$train" --model model --train pairs.jsonl --output out --loss_weights 1
expect 2 "^error: --loss: no loss is called rpo; use a sum, such as dpo:1,sft:1" "$train" --model model --train pairs.jsonl \
  --output out --loss rpo
lines 1 rpo

# Flags with a truth value.
run moving --sync-ref-model --ref-model-sync-steps 1
run moving_true --sync_ref_model True --ref_model_sync_steps 1
same moving moving_true
run still --no-shuffle
run still_false --sync_ref_model False --no_shuffle=true
same still still_false
expect 2 "maybe" "$train" --model model --train pairs.jsonl --output out --sync_ref_model maybe
lines 1 maybe

# Intervals as shares of the run, rounded up: 12 pairs in steps of 1.
expect 0 "" "$train" --model model --train pairs.jsonl --output shares --batch-size 1 --eval pairs.jsonl --eval_steps 0.3 \
  --save_steps 0.5 --logging_steps 0.25
[[ $(sed -E 's/.*"step":([0-9]+).*/\1/' shares/eval.jsonl | tr '\n' ' ') == "4 8 12 " ]] || fail "evaluations: $(cat shares/eval.jsonl)"
[[ -d shares/checkpoint-6 && -d shares/checkpoint-12 ]] || fail "checkpoints: $(ls shares)"
for bad in 0 1.5 -0.5 nan; do
  expect 2 "^error: --eval-every: $bad" "$train" --model model --train pairs.jsonl --eval pairs.jsonl --output out --eval-steps $bad
done

# Data that is not in a file, or not in a form for the loss.
for command in score generate show; do
  expect 1 "trl-lib/ultrafeedback_binarized: no such file; if it is a data set of the Hugging Face hub, .*to_json" \
    "$prefopt" $command --model model --data trl-lib/ultrafeedback_binarized
done
expect 1 "no_such.jsonl: cannot open|no_such.jsonl" "$prefopt" show --model model --data no_such.jsonl
echo '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]}' >messages.jsonl
echo '{"prompt": "Q", "completion": " yes"}' >completions.jsonl
echo '{"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Yes"}]}' >both.jsonl
for data in messages completions both; do
  expect 1 "$data.jsonl: line 1: .*; the loss sft reads the chosen response of pairs, which jq -c " \
    "$train" --model model --train $data.jsonl --output out --loss sft
  command -v jq >/dev/null || continue
  filter=$(sed -E "s/.*jq -c '(.*)' makes of it/\1/" stderr)
  jq -c "$filter" $data.jsonl >made.jsonl || fail "jq of $data"
  rm -rf "sft_$data"
  expect 0 "" "$train" --model model --train made.jsonl --output "sft_$data" --loss sft
done
expect 1 "pairs.jsonl: contains pairs, but the loss kto reads unpaired examples; losses of pairs: dpo, ipo, " \
  "$train" --model model --train pairs.jsonl --output out --loss kto
echo '{"prompt": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}' >parts.jsonl
expect 1 "parts.jsonl: line 1: prompt: message 1: content is a list of parts, expected a text" \
  "$train" --model model --train parts.jsonl --output out

# Results go to stdout without --output, and responses that the context cuts off are counted.
expect 0 "" "$prefopt" score --model model --data pairs.jsonl
[[ $(wc -l <stdout) == 24 ]] || fail "scores: $(head -c 300 stdout)"
head -3 pairs.jsonl >prompts.jsonl
expect 0 "^[0-9]+ of 3 responses are cut off at the model's context of 64 tokens, before --max-new-tokens 500$" \
  "$prefopt" generate --model model --data prompts.jsonl --max-new-tokens 500
expect 0 "" "$prefopt" generate --model model --data prompts.jsonl --max-new-tokens 5
[[ ! -s stderr ]] || fail "nothing is cut off: $(cat stderr)"

# A signal while the reference scores leaves nothing behind.
"$init" --output larger --n-layer 4 --n-head 4 --n-embd 128 --n-positions 256 || fail "prefopt init"
for ((i = 0; i < 40; ++i)); do cat pairs.jsonl; done >many.jsonl
for signal in INT:130 TERM:143; do
  mkfifo console
  env --default-signal "$train" --model larger --train many.jsonl --output ended --tokens-per-microbatch 64 >console 2>stderr &
  while IFS= read -r line; do
    [[ $line == "reference log-probs"* ]] && kill "-${signal%:*}" $!
  done <console
  wait $!
  status=$?
  [[ $status == "${signal#*:}" ]] || fail "status $status after SIG${signal%:*}: $(cat stderr)"
  [[ $(cat stderr) == "SIG${signal%:*}: ended before the first step; there is nothing to save" ]] || fail "$(cat stderr)"
  [[ ! -e ended ]] || fail "left behind: $(ls -A ended)"
  rm console
done

finish
