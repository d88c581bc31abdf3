# SPDX-License-Identifier: MIT
# Every loss by its name, sums, divergences, weights, forms of data, a moving reference; invalid combinations are
# rejected.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 12 >pairs.jsonl
write_pairs 5 | tac >eval.jsonl
for ((i = 0; i < 12; ++i)); do
  echo "{\"prompt\": \"Q$((i % 5)):\", \"completion\": \" yes $i\", \"label\": $([[ $((i % 3)) == 0 ]] && echo false || echo true)}"
done >unpaired.jsonl
for ((i = 0; i < 12; ++i)); do
  echo "{\"prompt\": \"Q$i:\", \"responses\": [\" no\", \" yes $i\", \" maybe\"], \"scores\": [$i, 20, 0.5]}"
done >lists.jsonl
sed -E 's/("prompt": )("[^"]*")/\1[{"role": "user", "content": \2}]/; s/("chosen": |"rejected": )("[^"]*")/\1[{"role": "assistant", "content": \2}]/g' \
  pairs.jsonl >messages.jsonl

run() { # STATUS PATTERN FOLDER OPTION...: three steps
  local status=$1 pattern=$2 folder=$3
  shift 3
  expect "$status" "$pattern" "$train" --model model --output "$folder" --batch-size 4 --learning-rate 1e-3 \
    --threads 1 "$@"
}
same() { cmp -s "$1/model.safetensors" "$2/model.safetensors" || fail "$1 and $2 differ"; }
differ() { ! cmp -s "$1/model.safetensors" "$2/model.safetensors" || fail "$1 and $2 do not differ"; }

# All names that --help lists, also with micro-batches of one example.
expect 0 "" "$train" --help
names=$(sed -n 's/.*if different: //p' stdout | sed 's/ ([a-z_]*)//g; s/,//g')
[[ $(wc -w <<<"$names") -ge 27 ]] || fail "names: $names"
for name in $names; do
  data=pairs
  [[ $name == kto ]] && data=unpaired
  run 0 "" "loss_$name" --loss "$name" --train $data.jsonl
  [[ $(wc -l <"loss_$name/metrics.jsonl") == 3 ]] || fail "$name: $(cat "loss_$name/metrics.jsonl")"
  grep -q 'null' "loss_$name/metrics.jsonl" && fail "$name: a number that is none: $(cat "loss_$name/metrics.jsonl")"
  differ "loss_$name" model
  run 0 "" "small_$name" --loss "$name" --train $data.jsonl --tokens-per-microbatch 1
  for file in loss_$name small_$name; do head -1 "$file/metrics.jsonl" | sed 's/.*"loss":\([^,]*\),.*/\1/'; done |
    awk 'NR == 1 { first = $1 } END { exit !(NR == 2 && ($1 - first) ^ 2 <= 1e-8 * first ^ 2) }' ||
    fail "$name: another first loss in micro-batches: $(head -1 "loss_$name/metrics.jsonl" "small_$name/metrics.jsonl")"
done
for pair in sigmoid:dpo robust:robust_dpo sigmoid_norm:length_normalized_dpo; do
  run 0 "" "also_${pair%:*}" --loss "${pair%:*}" --train pairs.jsonl
  same "also_${pair%:*}" "loss_${pair#*:}"
done
differ loss_dpo loss_ipo

# Sums.
run 0 "" sum --loss sigmoid:0.8,bco_pair:0.2,sft:1 --train pairs.jsonl --eval eval.jsonl
grep -q '"eval_loss"' sum/eval.jsonl || fail "no evaluation of a sum"
run 0 "" only_first --loss dpo:1,sft:0 --train pairs.jsonl
same only_first loss_dpo
differ sum loss_dpo
run 0 "" twofold --loss dpo,sft --train pairs.jsonl
run 0 "" twofold_weighted --loss dpo:1,sft:1 --train pairs.jsonl
same twofold twofold_weighted

# Options that change a loss.
for changed in "--f-divergence-type forward_kl" "--f-divergence-type js_divergence" \
  "--f-divergence-type alpha_divergence" "--f-divergence-type alpha_divergence --f-alpha-divergence-coef 0.7" \
  "--ld-alpha 0.3" "--use-weighting" "--ld-alpha 0.3 --f-divergence-type js_divergence --use-weighting" "--beta 0.3" \
  "--label-smoothing 0.2"; do
  rm -rf changed
  # shellcheck disable=SC2086
  run 0 "" changed --loss dpo --train pairs.jsonl $changed
  differ changed loss_dpo
done
run 0 "" reverse --loss dpo --train pairs.jsonl --f-divergence-type reverse_kl
same reverse loss_dpo
for option in "simpo --simpo-gamma 0.9" "discopop --discopop-tau 0.5" "beta_dpo --beta-sensitivity 2" \
  "beta_dpo --filtered-share 0.5"; do
  rm -rf changed
  # shellcheck disable=SC2086
  run 0 "" changed --train pairs.jsonl --loss $option
  differ changed "loss_${option%% *}"
done
# A reference under which the chosen responses are more likely, so that dpop's penalty counts.
run 0 "" dpop_5 --loss dpop --train pairs.jsonl --reference loss_sft --dpop-lambda 5
run 0 "" dpop_50 --loss dpop --train pairs.jsonl --reference loss_sft
differ dpop_5 dpop_50
for option in --desirable-weight --undesirable-weight; do
  rm -rf changed
  run 0 "" changed --loss kto --train unpaired.jsonl $option 0.5
  differ changed loss_kto
done

# Other forms of data.
for name in plackett_luce_dpo s_dpo lipo_lambda sft; do
  run 0 "" "lists_$name" --loss "$name" --train lists.jsonl
done
run 0 "" lists_sum --loss plackett_luce_dpo:1,sft:0.5 --train lists.jsonl
run 0 "" unpaired_bco --loss bco --train unpaired.jsonl
run 0 "" of_messages --loss dpo --train messages.jsonl --eval pairs.jsonl
expect 0 "" "$show" --model model --data messages.jsonl --examples 1
grep -q '"prompt_pieces":\[".*H","u","m","a","n",":"' stdout || fail "a message list: $(head -c 300 stdout)"
expect 0 "" "$show" --model model --data lists.jsonl --loss s_dpo --examples 1
grep -q '"scores":\[0.0,20.0,0.5\].*"response_2_pieces":\[" ","y","e","s"," ","0",' stdout || fail "a list: $(head -c 300 stdout)"
expect 0 "" "$show" --model model --data unpaired.jsonl --loss kto --examples 1
grep -q '"completion_ids":.*"mismatched_ids":.*"label":false' stdout || fail "unpaired: $(head -c 300 stdout)"
run 1 "lists.jsonl: contains lists, but the loss dpo reads pairs" refused --loss dpo --train lists.jsonl
run 1 "pairs.jsonl: contains pairs, but the loss kto reads unpaired" refused --loss kto --train pairs.jsonl
run 1 "unpaired.jsonl: contains unpaired examples, but the loss s_dpo reads pairs or lists" refused --loss s_dpo --train pairs.jsonl \
  --eval unpaired.jsonl
sed '3s/20, 0.5/2, 2/' lists.jsonl >ties.jsonl  # the third line's scores are 2, 2, 2
run 1 "ties.jsonl: line 3: plackett_luce_dpo: " refused --loss plackett_luce_dpo --train ties.jsonl
head -3 unpaired.jsonl | sed 's/Q[0-9]/Q/' >one_prompt.jsonl
run 1 "one_prompt.jsonl: kto: no example has a mismatched response" refused --loss kto --train one_prompt.jsonl

# Invalid combinations are reported before any file is read.
refused() { expect 2 "$1" "$train" --model nowhere --train nowhere --output out "${@:2}"; }
refused "no loss is called nonsense, expected one of dpo \(sigmoid\), ipo" --loss nonsense
refused "dpo is given twice" --loss dpo:1,sigmoid:2
refused "a weight, but no second loss" --loss dpo:0.5
refused "dpo:x, expected NAME:WEIGHT" --loss dpo:x,sft:1
refused "dpo:inf, expected NAME:WEIGHT" --loss dpo:inf,sft:1
refused "no loss is called" --loss dpo,
refused "kto:1,dpo:1 have no form of data in common" --loss kto,dpo
refused "--simpo-gamma: the loss dpo does not read it" --loss dpo --simpo-gamma 1
refused "--beta: the loss sft does not read it" --loss sft --beta 1
refused "--label-smoothing: the loss ipo does not read it" --loss ipo --label-smoothing 0.1
refused "--f-divergence-type: the loss nca_pair does not read it" --loss nca_pair --f-divergence-type js_divergence
refused "--f-alpha-divergence-coef: the loss dpo does not read it" --loss dpo --f-alpha-divergence-coef 0.3
refused "--ld-alpha: the loss ipo does not read it" --loss ipo --ld-alpha 0.3
refused "couples the examples of a step" --loss aot --use-weighting
refused "--reference: the loss simpo does not read it" --loss simpo --reference model
refused "--sync-ref-model: the loss orpo does not read it" --loss orpo --sync-ref-model
refused "--ref-model-sync-steps: the reference moves only with --sync-ref-model" --ref-model-sync-steps 3
refused "--reference-cache: a moving reference" --sync-ref-model --reference-cache file
refused "--ref-model-mixup-alpha" --sync-ref-model --ref-model-mixup-alpha 0

# A moving reference.
run 0 "" moving --loss dpo --train pairs.jsonl --sync-ref-model --ref-model-sync-steps 1 --ref-model-mixup-alpha 1
grep -c '"loss":0.6931471805599453' moving/metrics.jsonl | grep -qx 3 || fail "taken over: $(cat moving/metrics.jsonl)"
run 0 "" late --loss dpo --train pairs.jsonl --sync-ref-model
run 0 "" live --loss dpo --train pairs.jsonl --reference-cache none
same late live
"$init" --output wider --n-layer 2 --n-head 2 --n-embd 24 --n-positions 64 >/dev/null || fail "prefopt init"
run 1 "moving_reference: tensor" refused_shape --loss dpo --train pairs.jsonl --sync-ref-model --reference wider

# A resumed run continues with the state of its loss and its reference.
goes_on() { # NAME OPTION...
  local name=$1
  shift
  run 0 "" "whole_$name" --save-every 1 "$@"
  cp -r "whole_$name" "rest_$name"
  rm -r "rest_$name/checkpoint-3" "rest_$name/model.safetensors"
  run 0 "" "rest_$name" --save-every 1 --resume "$@"
  same "whole_$name" "rest_$name"
  cmp -s "whole_$name/checkpoint-3/trainer_state.json" "rest_$name/checkpoint-3/trainer_state.json" ||
    fail "$name: another state: $(cat "rest_$name/checkpoint-3/trainer_state.json")"
}
goes_on bco --loss bco --train unpaired.jsonl
goes_on beta_dpo --loss beta_dpo:1,sft:0.1 --train pairs.jsonl
goes_on sync --loss dpo --train pairs.jsonl --sync-ref-model --ref-model-sync-steps 2 --ref-model-mixup-alpha 0.5
grep -q loss_state whole_bco/checkpoint-3/trainer_state.json || fail "no state of bco"
run 1 "made with --beta 0.1, expected 0.3" rest_bco --resume --save-every 1 --loss bco --train unpaired.jsonl --beta 0.3
finish
