#!/bin/bash
# SPDX-License-Identifier: MIT
# bench/cuda_on_device with programs that only pretend: a part that fails, one that hangs and one that is missing do not
# stop the others, and if the run is cut off, status and archive of all earlier parts exist.
set -uo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
mkdir -p "$folder"/dev/{bin,lib,data/gpt2,cpu} "$folder/path"
echo "$source/tests" >"$folder/dev/tests_path"
echo '{"loss": 0.7}' | tee "$folder/dev/cpu/metrics_bf16.jsonl" >"$folder/dev/cpu/metrics_fp32.jsonl"

wrong() {
  printf 'WRONG: %s\n' "$*" "--- status:" "$(cat "$folder/out/status.txt" 2>&1)" >&2
  exit 1
}
pretend() { printf '%s\n' '#!/bin/bash' "$2" >"$1" && chmod +x "$1"; }
pretend "$folder/dev/bin/test_cuda_device" 'case $1 in
*tf32*) echo "a law is broken"; exit 3 ;;
*the_optimizer*) echo $$ >>"$HANGS"; echo "half a line is kept"; exec sleep 60 ;;
*) echo "no errors detected" ;;
esac'
pretend "$folder/dev/bin/prefopt" 'command=$1
while [[ $1 != --output ]]; do shift; done; mkdir -p "$2"
case $command in
init) echo "made $2" ;;
train) echo "{\"loss\": 0.6}" >"$2/metrics.jsonl" ;;
esac'
pretend "$folder/dev/bin/compare_prefopt_worker" 'while read -r command rest; do
if [[ $command == quit ]]; then echo "{\"peak_memory\": 1}"; break; fi
echo "{\"loss\": \"$command $rest\"}"; done'
pretend "$folder/dev/bin/cuda_products" 'echo "31 products"'
pretend "$folder/dev/bin/cuda_step" 'echo "a step"'
pretend "$folder/path/nvidia-smi" 'echo "17 MiB"'
pretend "$folder/path/compute-sanitizer" 'echo "ERROR SUMMARY: 0 errors"'
pretend "$folder/path/python3" '[[ "$*" == *compare.py* ]] && echo "a table"; true'
export PATH=$folder/path:$PATH HANGS=$folder/hangs
# ncu and cuda_operations_bench do not exist.

run() { (cd "$source" && OUT=$folder/out exec "$source/bench/cuda_on_device" "$folder/dev") >"$folder/printed" 2>&1; }
says() { grep -qE "$1" "$folder/out/status.txt" || wrong "no line says $1"; }
kept() { tar -xzOf "$folder/out/log.tgz" "log/$1.txt" 2>/dev/null | grep -qF "$2" || wrong "log.tgz: $1 has no '$2'"; }

LIMIT=1 run || wrong "exit status $?: $(cat "$folder/printed")"
says '^law_float32_agrees_with_float64: exit status 0 after'
says '^law_tf32_agrees_with_float64_to_its_rounding: exit status 3 .*a law is broken'
says '^law_the_optimizer_agrees_with_plain_loops: exit status 124 .*half a line is kept'
says '^products: exit status 0 .*31 products'
says '^curve_bf16: exit status 0'
says '^racecheck: exit status 0'
says '^bits_equal: exit status 0 .*the same bits'
says '^memory_used: at most 17 MiB'
says '^compare_torch-trainer-bf16: exit status 0 .*a table'
says '^operations: exit status 12[67] '
kept law_tf32_agrees_with_float64_to_its_rounding "a law is broken"
kept law_the_optimizer_agrees_with_plain_loops "half a line is kept"
kept worker_bf16 "step 64x2 1"
[[ $(ls "$folder/out" | tr '\n' ' ') == "log.tgz status.txt " ]] || wrong "not two files: $(ls "$folder/out")"
order=$(sed -E 's/:.*//' "$folder/out/status.txt" | grep -E '^(law_float32|products|step|curve_bf16|memcheck|counters|bits_equal|memory|compare_torch-u)' |
        sed -E 's/_.*//' | uniq | tr '\n' ' ')
[[ $order == "law products step curve memcheck counters bits memory compare " ]] || wrong "order: $order"

# A renamed law would be a part that fails on the device, where time is short.
while read -r law; do
  grep -qhE "BOOST_AUTO_TEST_CASE\($law\)" "$source"/tests/cuda_device/*.cpp || wrong "no device test is called $law"
done < <(tar -xzOf "$folder/out/log.tgz" log/status.txt | sed -nE 's/^law_([^:]*):.*/\1/p')

# No time left: results so far are kept, the remaining parts report it, and nothing waits.
LIMIT=1 BUDGET=0 run || wrong "exit status $?"
says '^operations: no time left'

# Cut off in the middle of a part that hangs.
rm -rf "$folder/out"
(cd "$source" && OUT=$folder/out exec setsid "$source/bench/cuda_on_device" "$folder/dev") >"$folder/printed" 2>&1 &
running=$!
for ((i = 0; i < 200; ++i)); do
  grep -qs '^law_the_same_call' "$folder/out/status.txt" && break
  sleep 0.1
done
kill -KILL -- "-$running" 2>/dev/null
while read -r hanging; do kill -KILL "$hanging" 2>/dev/null; done <"$HANGS"  # in another group: timeout creates one
wait "$running" 2>/dev/null
says '^law_the_same_call_gives_the_same_bits: exit status 0'
kept law_tf32_agrees_with_float64_to_its_rounding "a law is broken"
echo "all as expected"
