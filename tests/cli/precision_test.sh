# SPDX-License-Identifier: MIT
# --precision bf16 follows the loss curve of fp32, also begins at log 2, and cannot be resumed in fp32.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 48 >pairs.jsonl
arguments=(--model model --train pairs.jsonl --batch-size 4 --epochs 6 --learning-rate 1e-3 --threads 1)

expect 0 "" "$train" "${arguments[@]}" --output fp32
expect 0 "" "$train" "${arguments[@]}" --output bf16 --precision bf16
grep -q '^bfloat16 by ' stdout || fail "it does not say what it multiplies with: $(cat stdout)"
cmp -s <(sed 's/"pairs_per_second".*//' fp32/metrics.jsonl) <(sed 's/"pairs_per_second".*//' bf16/metrics.jsonl) &&
  fail "bf16 gives the bits of fp32"

losses() { sed -E 's/.*"loss":([^,]*).*/\1/' "$1/metrics.jsonl"; }
[[ $(losses bf16 | head -1) == 0.6931471805599453 ]] || fail "the first loss is $(losses bf16 | head -1)"
# A bfloat16 has a relative error of up to 2^-9; the losses end near 0.
paste <(losses fp32) <(losses bf16) | awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 0.02) { print NR, $0; exit 1 } last = $1 }
  END { if (last > 0.4) { print "fp32 did not learn:", last; exit 1 } }' >differences || fail "apart: $(cat differences)"

# A reference whose weights are rounded says so, gives the same numbers live as from a cache, and differs a little from
# the policy before the first step. A policy that has been rounded does not differ from it.
once=("$train" --train pairs.jsonl --batch-size 4 --epochs 1 --threads 1)
expect 0 "" "${once[@]}" --model model --reference-precision bf16 --reference-cache none --output live
grep -q '^reference: its weights are rounded to bfloat16' stdout || fail "the rounding is not said: $(cat stdout)"
awk -v loss="$(losses live | head -1)" 'BEGIN { d = loss - 0.6931471805599453; exit !(d != 0 && d * d < 1e-4) }' ||
  fail "the first loss with a rounded reference is $(losses live | head -1)"
expect 0 "" "${once[@]}" --model model --reference-precision bf16 --output cached
[[ $(losses live) == "$(losses cached)" ]] || fail "live and cached differ"
expect 0 "" "${once[@]}" --model model --learning-rate 0 --save-dtype bf16 --output half
expect 0 "" "${once[@]}" --model half --reference-precision bf16 --reference-cache none --output same
grep -q 'rounded to bfloat16' stdout && fail "nothing is rounded"
[[ $(losses same | head -1) == 0.6931471805599453 ]] || fail "the first loss is $(losses same | head -1)"
# Without a cache, that is the default of --precision bf16.
expect 0 "" "${once[@]}" --model model --precision bf16 --reference-cache none --output default
grep -q '^reference: its weights are rounded to bfloat16' stdout || fail "not rounded: $(cat stdout)"
expect 0 "" "${once[@]}" --model model --precision bf16 --reference-cache none --reference-precision fp32 --output exact
[[ $(losses exact | head -1) == 0.6931471805599453 ]] || fail "the first loss is $(losses exact | head -1)"

expect 1 "--reference-precision" "${once[@]}" --model model --reference-cache none --output live --resume
expect 2 "--reference-precision: the loss sft does not read it" "${once[@]}" --model model --loss sft \
  --reference-precision bf16 --output other
expect 2 "--reference-precision: a moving reference" "${once[@]}" --model model --sync-ref-model \
  --reference-precision bf16 --output other

expect 1 "--precision" "$train" "${arguments[@]}" --output bf16 --resume
expect 2 "--precision" "$train" "${arguments[@]}" --output other --precision fp16

finish
