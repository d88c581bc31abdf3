# SPDX-License-Identifier: MIT
# A run that is killed at any moment, even in the middle of a save, and resumed gives the same bytes as an undisturbed
# run; and only the same run can be resumed.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 40 >pairs.jsonl
write_pairs 9 | tac >eval.jsonl
arguments=(--model model --train pairs.jsonl --eval eval.jsonl --batch-size 3 --epochs 4 --learning-rate 3e-3
  --warmup-steps 4 --save-every 3 --eval-every 10 --threads 1)

expect 0 "" "$train" "${arguments[@]}" --output whole
steps=$(wc -l <whole/metrics.jsonl)
[[ $steps == 56 ]] || fail "$steps steps instead of 56"  # four epochs of 13 full steps and a short one
[[ $(ls -d whole/checkpoint-* | tr '\n' ' ') == "whole/checkpoint-54 whole/checkpoint-56 " ]] || fail "checkpoints: $(ls whole)"

# Times differ from run to run.
without_times() { sed -E 's/"(eval_)?pairs_per_second":[^,}]*//' "$1"; }

same_as_whole() { # FOLDER: the same files with the same bytes
  local file
  diff <(cd whole && find . -type f | sort) <(cd "$1" && find . -type f | sort) || fail "$1 holds other files"
  while read -r file; do
    case $file in
      *.jsonl) cmp -s <(without_times "whole/$file") <(without_times "$1/$file") || fail "$1: $file differs" ;;
      *) cmp -s "whole/$file" "$1/$file" || fail "$1: $file differs" ;;
    esac
  done < <(cd whole && find . -type f)
}

# Killed repeatedly after random times; a restart is the same command.
kills=0
for run in 1 2 3; do
  for ((attempt = 0; attempt < 20; ++attempt)); do
    "$train" "${arguments[@]}" --output "killed$run" --resume >/dev/null 2>stderr &
    # Mostly short, because on a fast computer the whole run takes a few tenths of a second.
    if ((attempt < 12)); then sleep "0.0$((RANDOM % 10))"; else sleep "0.$((RANDOM % 4))$((RANDOM % 10))"; fi
    if kill -KILL $! 2>/dev/null; then kills=$((kills + 1)); fi
    wait $! 2>/dev/null
    status=$?
    [[ $status == 0 ]] && break
    [[ $status == 137 ]] || fail "exit status $status: $(cat stderr)"
  done
  expect 0 "" "$train" "${arguments[@]}" --output "killed$run" --resume
  same_as_whole "killed$run"
done
[[ $kills -gt 0 ]] || fail "nothing was killed"
echo "killed $kills times at random"

# Killed at chosen system calls: every point of a save.
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
  for call in write:20 write:60 write:110 fsync:1 fsync:4 fsync:9 fsync:15 fsync:27 rename:1 rename:2 rename:4 rename:7 \
    rename:11 rename:16; do
    rm -rf cut
    (exec strace -f -o /dev/null -e trace="${call%:*}" -e "inject=${call%:*}:signal=SIGKILL:when=${call#*:}" \
      "$train" "${arguments[@]}" --output cut) >/dev/null 2>&1 &
    wait $! 2>/dev/null
    expect 0 "" "$train" "${arguments[@]}" --output cut --resume
    same_as_whole cut
  done
else
  echo "kills at chosen system calls: skipped, strace is not available"
fi

# A finished run does nothing.
find whole -type f -exec md5sum {} + | sort >before
expect 0 "" "$train" "${arguments[@]}" --output whole --resume
grep -q "finished" stdout || fail "the finished run was not said to be finished: $(cat stdout)"
find whole -type f -exec md5sum {} + | sort | cmp -s - before || fail "a finished run was touched"

# But a model that differs from the checkpoint's is invalid: it is written again, and the old files are kept.
for change in "truncate -s 100 ended/model.safetensors" "rm ended/config.json" "rm ended/vocab.json ended/model.safetensors" \
  "sed -i 1s/.*/x/ ended/merges.txt"; do
  rm -rf ended
  cp -r whole ended
  $change
  expect 0 "" "$train" "${arguments[@]}" --output ended --resume
  grep -q "ended/.*; the trained model is written again, from ended/checkpoint-56" stdout || fail "$change: $(cat stdout)"
  case $change in
    truncate*) [[ $(stat -c %s ended/model.safetensors.damaged) == 100 ]] || fail "the short model was not kept" ;;
    sed*) [[ $(cat ended/merges.txt.damaged) == x* ]] || fail "the other merges.txt was not kept" ;;
  esac
  rm -f ended/*.damaged
  same_as_whole ended
done

# Other settings, another model, other data: rejected, and the option named. Intervals may differ.
refuse() { expect 1 "$1" "$train" "${arguments[@]}" --output whole --resume "${@:2}"; }
once() { # the arguments without one option and its value
  local kept=() i
  for ((i = 0; i < ${#arguments[@]}; i += 2)); do
    [[ ${arguments[i]} == "$1" ]] || kept+=("${arguments[i]}" "${arguments[i + 1]}")
  done
  printf '%s\n' "${kept[@]}"
}
refuse "--beta" --beta 0.2
refuse "--label-smoothing" --label-smoothing 0.1
refuse "--seed" --seed 7
refuse "--max-length" --max-length 30
refuse "--truncation" --truncation keep_end
refuse "--loss|--label" --loss ipo
mapfile -t rest < <(once --epochs)
expect 1 "--epochs|--max-steps" "$train" "${rest[@]}" --max-steps 5 --output whole --resume
refuse "--tokens-per-microbatch" --tokens-per-microbatch 100
refuse "--reference-cache" --reference-cache none
small_model other 2
refuse "--reference" --reference other
mapfile -t rest < <(once --eval)
expect 1 "--eval" "$train" "${rest[@]}" --eval pairs.jsonl --output whole --resume
cp -r model heads
sed -i 's/"n_head": *2/"n_head": 4/' heads/config.json
mapfile -t rest < <(once --model)
expect 1 "--model" "$train" "${rest[@]}" --model heads --output whole --resume
# A log with missing lines is reported, and the run continues.
cp -r whole torn
rm torn/model.safetensors
sed -i 5d torn/metrics.jsonl
expect 0 "" "$train" "${arguments[@]}" --output torn --resume
grep -q "torn/metrics.jsonl: has 55 of the 56 steps" stdout || fail "a short log was not told: $(cat stdout)"
cmp -s {whole,torn}/model.safetensors || fail "a short log changed the model"
mapfile -t rest < <(once --model)
expect 1 "--model" "$train" "${rest[@]}" --model other --output whole --resume
write_pairs 39 >fewer.jsonl
mapfile -t rest < <(once --train)
expect 1 "--train" "$train" "${rest[@]}" --train fewer.jsonl --output whole --resume
mapfile -t rest < <(once --save-every)
expect 0 "" "$train" "${rest[@]}" --save-every 50 --log-every 10 --output whole --resume

# An incomplete newest checkpoint is skipped, kept under another name, and made again.
for file in optimizer.safetensors trainer_state.json model.safetensors; do
  rm -rf damaged
  cp -r whole damaged
  rm damaged/model.safetensors
  truncate -s 100 damaged/checkpoint-56/$file
  expect 0 "" "$train" "${arguments[@]}" --output damaged --resume
  grep -q "checkpoint-56 is not intact" stdout || fail "a damaged $file was not told: $(cat stdout)"
  [[ $(stat -c %s damaged/checkpoint-56.damaged/$file) == 100 ]] || fail "the damaged checkpoint-56 was not kept"
  cmp -s {whole,damaged}/checkpoint-56/$file || fail "checkpoint-56 was not made again"
  cmp -s whole/model.safetensors damaged/model.safetensors || fail "continuing from checkpoint-54 gave other bytes"
done

# --resume is not suggested if it would be rejected: checkpoints from before checksums, and those without a state.
rm -rf old
cp -r whole old
rm -r old/checkpoint-56
sed -i '/"checksum"/d' old/checkpoint-54/trainer_state.json
edited=$(tr -d '\n' <old/checkpoint-54/trainer_state.json | sed -E 's/"files": *\{([^{}]|\{[^{}]*\})*\}, *//')
echo "$edited" >old/checkpoint-54/trainer_state.json
for option in "" --resume; do
  # shellcheck disable=SC2086
  expect 1 "old/checkpoint-54: a checkpoint of an older format.*another output folder" "$train" "${arguments[@]}" --output old $option
done
rm -rf old/*
mkdir old/checkpoint-5
expect 1 "old: already contains a run, and none of its checkpoints.*another folder" "$train" "${arguments[@]}" --output old

# Nothing to resume from: it says so and starts.
expect 0 "" "$train" "${arguments[@]}" --output fresh --resume
grep -q "no checkpoint yet" stdout || fail "a fresh start with --resume was not told"
same_as_whole fresh

finish
