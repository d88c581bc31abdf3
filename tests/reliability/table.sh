#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a run survives, measured: prefopt train is killed, starved, lied to and asked to end, and each time the files
# that it leaves are compared with those of an undisturbed run. Prints a row for each kind: trials, how many ended as
# they should, and what was observed. Exits with status 1 if a trial did not end as it should.
#
#   PREFOPT_PROGRAM=... PREFOPT_FAULT_SHIM=... tests/reliability/table.sh [short|long] [ROW...]
#
# `short` takes about 20 seconds and is a test (reliability); `long` takes some minutes.
set -uo pipefail
prefopt=$(realpath "$PREFOPT_PROGRAM")
shim=$(realpath "${PREFOPT_FAULT_SHIM:?}")
size=${1:-short}
rows=("${@:2}")
long() { [[ $size == long ]]; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train=("$prefopt" train)
init=("$prefopt" init)
cd "$work"
bad=0

# One row: `row NAME` begins it, `trial VERDICT SEEN` counts, `row_end` prints.
trials=0 good=0
declare -A seen
trial() { # STATUS(0 good) WHAT [HOW]
  trials=$((trials + 1))
  seen[$2]=$((${seen[$2]:-0} + 1))
  if [[ $1 == 0 ]]; then
    good=$((good + 1))
  else
    bad=$((bad + 1))
    echo "FAILED: $2, ${3:-}: $(head -c 200 stderr)" >&2
  fi
}
print_row() { # NAME
  local what text=""
  for what in "${!seen[@]}"; do text+="${text:+, }$what ${seen[$what]}"; done
  printf '| %s | %d | %d | %s |\n' "$1" "$trials" "$good" "$text"
  trials=0 good=0 seen=()
}

"${init[@]}" --output model --n-layer 2 --n-head 2 --n-embd 16 --n-positions 64 --seed 1
for ((i = 0; i < 40; ++i)); do
  echo "{\"prompt\": \"Q$((i * 7 % 31)):\", \"chosen\": \" yes $((i * 5 % 13))\", \"rejected\": \" no $((i % 3)) never\"}"
done >pairs.jsonl
head -9 pairs.jsonl >eval.jsonl
base=(--model model --train pairs.jsonl --eval eval.jsonl --batch-size 3 --learning-rate 3e-3 --eval-every 10)
arguments=("${base[@]}" --max-steps 30 --threads 1)
every5=("${arguments[@]}" --save-every 5)
longer=("${base[@]}" --max-steps 600 --threads 1)
run() { timeout 60 "${train[@]}" "$@" >stdout 2>stderr; }

run "${every5[@]}" --output whole || { cat stderr; exit 1; }
# A run that ended at step 20, where it could not save: checkpoints 10 and 15.
PREFOPT_FAULT=rename:5:1:checkpoint-20 LD_PRELOAD=$shim run "${every5[@]}" --output half
without_times() { sed -E 's/"(eval_)?pairs_per_second":[^,}]*//' "$1"; }

# Whether a folder holds the bytes of the undisturbed run, except for times and for files that were set aside.
is_whole() { # FOLDER [LISTING: also the same names]
  local file
  while read -r file; do
    case $file in
      *.jsonl) cmp -s <(without_times "whole/$file") <(without_times "$1/$file") || return 1 ;;
      *) cmp -s "whole/$file" "$1/$file" || return 1 ;;
    esac
  done < <(cd whole && find . -type f)
  [[ $(cd whole && find . -type f | sort) == $(cd "$1" && find . -type f ! -path '*.damaged*' | sort) ]]
}
one_error() { [[ $(wc -l <stderr) == 1 && $(cat stderr) == "error: "* ]]; }
# Starts a command in the background, and returns after its first step.
start() {
  : >stdout
  "$@" >stdout 2>stderr &
  until grep -q "^step " stdout || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
}
resume() { run "${every5[@]}" --output "$1" --resume; }
flip() { # FILE BYTE BIT
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\x$(printf %02x $((byte ^ (1 << $3))))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
sum_of() { find "$1" -type f ! -name run.lock -exec md5sum {} + | sed "s| $1/| |" | sort; }

row_kill() {
  local ends=0 status
  local expected=$(long && echo 40 || echo 8) kills=0
  rm -rf out
  while ((kills < expected)); do
    "${train[@]}" "${every5[@]}" --output out --resume >stdout 2>stderr &
    sleep "0.$((RANDOM % 20 + 10))"
    kill -KILL $! 2>/dev/null && kills=$((kills + 1))
    wait $! 2>/dev/null
    status=$?
    if [[ $status == 0 ]]; then
      is_whole out; trial $? "ends compared"
      ends=$((ends + 1))
      rm -rf out
    elif [[ $status != 137 ]]; then
      trial 1 "status $status: $(head -c 200 stderr)"
      rm -rf out
    fi
  done
  resume out && is_whole out; trial $? "ends compared"
  # Between the last checkpoint and the removal of the oldest.
  rm -rf out && cp -r whole out && cp -r half/checkpoint-15 out/ && rm out/{model.safetensors,config.json,vocab.json,merges.txt}
  resume out && is_whole out; trial $? "ends compared"
  seen[kills]=$kills
}

row_full() { # files cannot grow beyond a size, in KiB
  local kib
  for kib in $(long && echo 1 4 8 12 16 20 24 28 32 36 40 44 48 56 64 || echo 4 20 36); do
    rm -rf out
    (ulimit -f "$kib"; run "${every5[@]}" --output out)
    local status=$?
    [[ $status == 0 ]] && { is_whole out; trial $? "fits"; continue; }
    [[ $status == 1 ]] && one_error && [[ -z $(find out -name '*prefopt-tmp' 2>/dev/null) ]] && resume out && is_whole out
    trial $? "one error line, then resumed to the same bytes"
  done
}

row_no_room() { # a disk without room for the checkpoints is noticed before the first step
  rm -rf out
  PREFOPT_FAULT=fallocate:28:1 LD_PRELOAD=$shim run "${every5[@]}" --output out
  [[ $? == 1 ]] && one_error && grep -q "no room" stderr && ! grep -q "^step " stdout
  trial $? "refused before the first step"
}

row_last() { # the last checkpoint cannot be written, the model can
  local nth
  for nth in $(long && echo 1 2 3 5 || echo 2); do
    rm -rf out
    PREFOPT_FAULT=write:28:$nth:checkpoint-30 LD_PRELOAD=$shim run "${arguments[@]}" --output out
    [[ $? == 1 ]] && one_error && cmp -s out/model.safetensors whole/model.safetensors && [[ ! -e out/checkpoint-30 ]]
    trial $? "model written, one error line"
  done
}

row_calls() {
  local fault status faults
  faults=(rename:5:1 rename:5:7 rename:116:9 rename:1005:3 rename:1005:12 fsync:5:3 fsync:5:20 write:28:9:out/
    write:28:60:out/ write:4:3:out/ write:2000:0:out/ pread:2000:0 read:2000:0:model pread:5:2 fsync:22:0 fsync:38:0
    fallocate:95:0 posix_fallocate:95:0 posix_fallocate:28:2 flock:37:0 flock:38:0)
  long && faults+=(rename:5:{2,3,5,6,9,14,20} rename:116:{1,3,6,14,20} rename:1005:{1,2,6,7,8,13,14,20} fsync:5:{1,7,8,9,30,50}
    write:28:{2,5,30,100,150}:out/ read:5:1:pairs.jsonl)
  for fault in "${faults[@]}"; do
    rm -rf out
    PREFOPT_FAULT=$fault LD_PRELOAD=$shim run "${every5[@]}" --output out
    status=$?
    if [[ $status == 0 ]]; then
      is_whole out && { [[ $fault != flock* ]] || grep -q "has no locks" stdout; }
      trial $? "went on to the same bytes" "$fault"
    else
      [[ $status == 1 ]] && one_error && [[ -z $(find out -name '*prefopt-tmp' 2>/dev/null) ]] && resume out && is_whole out
      trial $? "one error line, then resumed to the same bytes" "$fault"
    fi
  done
}

damage() { # FILE KIND
  local bytes at
  bytes=$(stat -c %s "$1")
  at=$(((RANDOM * 32768 + RANDOM) % bytes))
  case $2 in
    flip) flip "$1" "$at" $((RANDOM % 8)) ;;
    truncate) truncate -s "$at" "$1" ;;
    zeros) dd if=/dev/zero of="$1" bs=1 seek="$at" count=$((bytes - at < 64 ? bytes - at : 64)) conv=notrunc status=none ;;
    gone) rm "$1" ;;
  esac
}

row_damage() { # the newest checkpoint's files, its cache, its logs
  local file kind count verdict name
  for file in model.safetensors optimizer.safetensors trainer_state.json config.json vocab.json; do
    for kind in flip truncate zeros gone; do
      for ((count = $(long && [[ $kind == flip ]] && echo 20 || (long && echo 4 || echo 1)); count > 0; --count)); do
        rm -rf out && cp -r half out
        damage out/checkpoint-15/$file $kind
        cmp -s {half,out}/checkpoint-15/$file && continue
        resume out
        if [[ $? == 0 ]] && is_whole out; then
          grep -q "checkpoint-15 is not intact" stdout && name="older taken aloud, same bytes" || name="without effect"
          [[ $name == without* && $file != trainer_state.json ]] && trial 1 "UNNOTICED $file" || trial 0 "$name"
        else
          trial 1 "OTHER BYTES OR STATUS $file $kind"
        fi
      done
    done
  done
  rm -rf out && cp -r half out
  for name in 10 15; do flip out/checkpoint-$name/model.safetensors 5000 3; done
  sum_of out >before
  resume out
  [[ $? == 1 ]] && one_error && cmp -s <(sum_of out) before; trial $? "all damaged: refused, nothing touched"
  rm -rf out && cp -r half out
  mv out/checkpoint-15 out/checkpoint-14
  resume out && is_whole out && grep -q "is from step 15, not 14" stdout; trial $? "older taken aloud, same bytes"
}

row_cache() {
  local kind count
  for kind in flip truncate zeros; do
    for ((count = $(long && echo 20 || echo 3); count > 0; --count)); do
      rm -rf out && cp -r half out
      damage out/reference_log_probs.safetensors $kind
      cmp -s {half,out}/reference_log_probs.safetensors && continue
      resume out
      case $? in
        0) is_whole out; trial $? "made anew" ;;
        1) one_error && grep -q reference_log_probs stderr; trial $? "refused by name" ;;
        *) trial 1 "status" ;;
      esac
    done
  done
}

row_logs() { # metrics.jsonl missing, short, moved, with unrelated lines
  local how
  for how in "rm out/metrics.jsonl" "sed -i 5,9d out/metrics.jsonl" "sed -i 3s/.*/step3/ out/metrics.jsonl" \
    "mv out/metrics.jsonl out/old" "rm out/eval.jsonl"; do
    rm -rf out && cp -r half out
    $how
    resume out && cmp -s {whole,out}/model.safetensors && { [[ $how == *eval* ]] || grep -q "metrics.jsonl: has" stdout; }
    trial $? "told, same model"
  done
}

row_unreadable() { # checkpoints that cannot be read now, or are another program's: nothing is removed
  local fault
  check() { # STATUS: of a resume that was just run
    [[ $1 == 1 ]] && one_error && cmp -s <(sum_of out) before && [[ ! -e out/run.lock ]]
    trial $? "one error line, nothing touched" "${2:-}"
  }
  for fault in pread:5:0:checkpoint- read:5:0:checkpoint- read:116:1:checkpoint-15 read:5:1:checkpoint-15/trainer_state; do
    rm -rf out && cp -r half out && sum_of out >before
    PREFOPT_FAULT=$fault LD_PRELOAD=$shim run "${every5[@]}" --output out --resume
    status=$?
    # Data that is read only when the run begins may cause a later failure; the run then got as far as its logs.
    check $status "$fault"
  done
  for files in 4 5; do
    rm -rf out && cp -r half out && (sum_of out/checkpoint-10; sum_of out/checkpoint-15) >before
    (ulimit -n $files; run "${every5[@]}" --output out --resume)
    local status=$?
    [[ $status == 1 || $status == 127 ]] && cmp -s <(sum_of out/checkpoint-10; sum_of out/checkpoint-15) before
    trial $? "checkpoints untouched" "$files descriptors"
  done
  local state option
  for state in '{"global_step": 500}' '{"global_step": 500, "log_history": [{"loss": NaN}]}'; do
    rm -rf out && mkdir -p out/checkpoint-500 && cp model/* out/checkpoint-500
    echo "$state" >out/checkpoint-500/trainer_state.json
    sum_of out >before
    for option in "" --resume; do
      # shellcheck disable=SC2086
      run "${every5[@]}" --output out $option
      check $? "another program's $option"
      ! grep -q -e "--resume" stderr; trial $? "does not advise --resume"
    done
  done
}

row_writers() { # a second run in the same folder, while the first one is stopped
  local count prefix first
  for prefix in "" "$([[ $(id -u) == 0 ]] && unshare -pf true 2>/dev/null && echo unshare -pf)"; do
    for ((count = $(long && echo 10 || echo 2); count > 0; --count)); do
      rm -rf out
      # shellcheck disable=SC2086
      start $prefix "${train[@]}" "${longer[@]}" --save-every 50 --output out --resume
      first=$!
      local both=("$first")
      mapfile -t -O 1 both < <(pgrep -P "$first")
      kill -STOP "${both[@]}"
      # shellcheck disable=SC2086
      timeout 60 $prefix "${train[@]}" "${longer[@]}" --save-every 50 --output out --resume >stdout 2>stderr
      [[ $? == 1 ]] && one_error && grep -q "another run is writing here, process" stderr
      trial $? "second refused${prefix:+ (in another PID namespace)}"
      ((count % 2)) && kill -KILL "${both[@]}"
      kill -CONT "${both[@]}" 2>/dev/null
      wait "$first" 2>/dev/null
      run "${longer[@]}" --save-every 50 --output out --resume && [[ $(wc -l <out/metrics.jsonl) == 600 ]] &&
        cmp -s {out,long}/model.safetensors
      trial $? "then resumed: 600 of 600 lines, same model"
    done
  done
}

row_replaced() { # the folder is removed, renamed or replaced during the run
  local how
  for how in remove rename other; do
    rm -rf out elsewhere
    start "${train[@]}" "${base[@]}" --max-steps 800 --threads 1 --output out
    kill -STOP $!
    [[ $how == rename ]] && mv out elsewhere || rm -rf out
    [[ $how == other ]] && { mkdir out; echo precious >out/model.safetensors; }
    kill -CONT $!
    wait $!
    local status=$?
    if [[ $how == other ]]; then
      [[ $status == 1 && $(cat out/model.safetensors) == precious ]]; trial $? "another folder: left alone, one error line"
    else
      [[ $status == 0 && -e out/model.safetensors && -e out/checkpoint-800 ]] && grep -q "is gone" stdout
      trial $? "folder gone: made again aloud, model there"
    fi
  done
}

row_signals() {
  local signal number save
  for signal in INT:2 TERM:15 HUP:1 XCPU:24; do
    number=${signal#*:} signal=${signal%:*}
    for save in "" "--save-every 5"; do
      rm -rf out
      # shellcheck disable=SC2086
      start env --default-signal "${train[@]}" "${longer[@]}" $save --output out
      kill -$signal $!
      wait $! 2>/dev/null
      [[ $? == $((128 + number)) ]] && grep -q -e "--resume continues" stderr && [[ -d $(echo out/checkpoint-*) || $save ]]
      trial $? "status 128 + signal, saved"
      # shellcheck disable=SC2086
      run "${longer[@]}" $save --output out --resume && cmp -s out/model.safetensors long/model.safetensors
      trial $? "then resumed to the same bytes"
    done
    rm -rf out
    start env --default-signal "${train[@]}" "${base[@]}" --max-steps 100000 --threads 1 --save-every 1 --output out
    kill -STOP $!  # both arrive before the step is done
    kill -$signal $!; kill -TERM $!
    kill -CONT $!
    wait $! 2>/dev/null
    local status=$?
    [[ $status == $((128 + number)) || $status == 143 ]]; trial $? "two signals: ended at once"
  done
  # If it cannot be saved, the message says what is lost and where a resume begins.
  local begin
  rm -rf out
  for begin in "starts from the beginning" "continues from out/checkpoint-"; do
    start env --default-signal PREFOPT_FAULT=write:28:0:checkpoint- LD_PRELOAD="$shim" "${train[@]}" "${longer[@]}" --output out --resume
    kill -TERM $!
    wait $! 2>/dev/null
    [[ $? == 143 ]] && tail -1 stderr | grep -qE "^SIGTERM: step [0-9]+ of 600 could not be saved \(out/checkpoint-[0-9]+/[a-z.]+: cannot write: [^:]*\); the same command with --resume $begin"
    trial $? "full disk: 128 + signal, what is lost is said" "$begin"
    rm -rf out
    start env --default-signal "${train[@]}" "${longer[@]}" --output out
    kill -TERM $!
    wait $! 2>/dev/null
  done
  # At any moment: reference pass, step, evaluation, saving.
  local count
  for ((count = $(long && echo 40 || echo 4); count > 0; --count)); do
    rm -rf out
    env --default-signal "${train[@]}" "${every5[@]}" --output out >stdout 2>stderr &
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    kill -TERM $! 2>/dev/null
    wait $! 2>/dev/null
    local status=$?
    [[ $status == 143 || $status == 0 ]] && run "${every5[@]}" --output out --resume && cmp -s {out,whole}/model.safetensors &&
      cmp -s <(without_times out/metrics.jsonl) <(without_times whole/metrics.jsonl) &&
      cmp -s <(without_times out/eval.jsonl) <(without_times whole/eval.jsonl)
    trial $? "at a random moment, then resumed to the same bytes"
  done
  # Before the first step there is nothing to save.
  mkfifo pipe
  env --default-signal "${train[@]}" --model model --train pipe --output out >stdout 2>stderr &
  sleep 0.2
  kill -TERM $!
  wait $! 2>/dev/null
  [[ $? == 143 ]] && grep -q "nothing to save" stderr; trial $? "before the first step: at once"
  # Signals that the shell ignored stay ignored.
  rm -rf out
  start env --ignore-signal=HUP "${train[@]}" "${longer[@]}" --output out
  kill -HUP $!
  wait $!; trial $? "ignored SIGHUP stays ignored"
}

row_streams() { # closed descriptors, and readers that have ended
  local close
  for close in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
    rm -rf out
    eval "timeout 60 \"\${train[@]}\" \"\${every5[@]}\" --output out >/dev/null 2>&1 $close"
    [[ $? == 0 ]] && is_whole out; trial $? "same bytes, clean logs" "$close"
  done
  rm -rf out
  timeout 60 "${train[@]}" "${every5[@]}" --output out 2>stderr | head -1 >/dev/null
  [[ ${PIPESTATUS[0]} == 0 ]] && is_whole out; trial $? "reader gone: same bytes"
  if [[ -w /dev/full ]]; then
    local command
    for command in train init score; do
      "$prefopt" $command --help >/dev/full 2>stderr
      [[ $? == 1 ]]; trial $? "--help to a full device: status 1"
    done
  fi
}

row_others() { # temporaries of others, links, and a folder's own temporaries
  rm -rf out ref* && echo x >ref.safetensors.4194999-0.prefopt-tmp
  echo x >ref.safetensors.0123456789abcdef-4194999-0.prefopt-tmp
  mkdir store && ln -s store/cache ref.safetensors
  run "${every5[@]}" --output out --reference-cache ref.safetensors && [[ -L ref.safetensors && -f store/cache ]]
  trial $? "cache behind a link: link kept"
  [[ $(ls ./*.prefopt-tmp | wc -l) == 2 ]]; trial $? "other writers' temporaries kept"
  ln -s nowhere dangling
  run "${every5[@]}" --output dangling
  [[ $? == 1 ]] && one_error && grep -q "symbolic link" stderr; trial $? "dangling output named"
  rm -rf out && cp -r half out && mkdir out/checkpoint-20.0123456789abcdef-1-0.prefopt-tmp
  resume out && is_whole out; trial $? "own half checkpoint of another container removed"
}

row_clocks() {
  local how
  for how in back still; do
    rm -rf out
    PREFOPT_CLOCK=$how LD_PRELOAD=$shim run "${every5[@]}" --output out
    [[ $? == 0 ]] && is_whole out && ! grep -qE 'pairs_per_second":(-|null)' out/metrics.jsonl && ! grep -q "inf pairs" stdout
    trial $? "$how: same bytes, speeds not negative"
  done
}

row_threads() {
  local setting
  for setting in GOMP_SPINCOUNT=2000 OMP_WAIT_POLICY=active; do # set by the program, and set by the user
    rm -rf out
    start env ${setting/GOMP*/A=1} "${train[@]}" "${longer[@]}" --output out
    tr '\0' '\n' </proc/$!/environ | grep -E "^(GOMP|OMP)_" | cmp -s - <(echo "$setting")
    trial $? "$setting while it runs"
    kill -KILL $!
    wait $! 2>/dev/null
  done
  rm -rf out
  (ulimit -v 1000000; run "${base[@]}" --threads 256 --output out)
  [[ $? == 1 ]] && one_error; trial $? "threads that cannot be made: one error line"
}

run "${longer[@]}" --output long || { cat stderr; exit 1; }
echo "| what | trials | as it should be | seen |"
echo "| --- | --- | --- | --- |"
declare -A titles=(
  [kill]="SIGKILL at random moments, then resume" [full]="files that cannot grow (a limit, as a full disk)"
  [no_room]="no room for the checkpoints" [last]="no room for the last checkpoint" [calls]="failing system calls"
  [damage]="newest checkpoint: a bit flipped, cut, 64 bytes zeroed, gone" [cache]="reference cache damaged"
  [logs]="logs gone, short, spoiled" [unreadable]="checkpoints that cannot be read, or are another program's"
  [writers]="two runs in one folder" [replaced]="folder removed, renamed, replaced" [signals]="signals"
  [streams]="closed descriptors, pipes" [others]="temporaries and links of others" [clocks]="clocks"
  [threads]="threads")
[[ ${#rows[@]} == 0 ]] && rows=(kill full no_room last calls damage cache logs unreadable writers replaced signals streams
  others clocks threads)
for row in "${rows[@]}"; do
  RANDOM=7  # the same damage whatever ran before
  "row_$row"
  print_row "${titles[$row]}"
done
((bad == 0)) || echo "$bad trials did not end as they should" >&2
exit $((bad > 0))
