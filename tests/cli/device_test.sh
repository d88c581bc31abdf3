# SPDX-License-Identifier: MIT
# --device cuda: without a GPU, or in a program without CUDA, it exits with 1 and one line; it rejects the CPU's
# options.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 8 >pairs.jsonl
arguments=(--model model --train pairs.jsonl --batch-size 4 --output out)

expect 2 "--threads" "$train" "${arguments[@]}" --device cuda --threads 2
expect 2 "--device" "$train" "${arguments[@]}" --device tpu
if [[ -e /dev/nvidia0 ]]; then
  expect 0 "" "$train" "${arguments[@]}" --device cuda
  expect 1 "--device" "$train" "${arguments[@]}" --resume
else
  expect 1 "CUDA" "$train" "${arguments[@]}" --device cuda
  [[ $(wc -l <stderr) == 1 ]] || fail "not one line: $(cat stderr)"
fi

finish
