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

expect 1 "--precision" "$train" "${arguments[@]}" --output bf16 --resume
expect 2 "--precision" "$train" "${arguments[@]}" --output other --precision fp16

finish
