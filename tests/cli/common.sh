# SPDX-License-Identifier: MIT
# Shared by the tests of the programs. Sourced. PREFOPT_PROGRAM names the program.
set -uo pipefail
prefopt=$PREFOPT_PROGRAM
work=$(mktemp -d)
commands=$(mktemp -d)
trap 'rm -rf "$work" "$commands"' EXIT
for command in train init show; do  # one word each
  printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$prefopt" $command >"$commands/$command"
  chmod +x "$commands/$command"
done
train=$commands/train
init=$commands/init
show=$commands/show
cd "$work"
export HF_HUB_CACHE=$work/hub  # not the user's
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

finish() {
  [[ $failures == 0 ]] && echo "all as expected"
  exit $((failures > 0))
}

# expect STATUS PATTERN COMMAND...: the exit status, and for 1 exactly one line on stderr, `error: ` followed by
# PATTERN.
expect() {
  local status=$1 pattern=$2
  shift 2
  ( [[ ${PREFOPT_SANITIZED:-} ]] || ulimit -v 4000000; timeout 120 "$@" ) >stdout 2>stderr
  local got=$?
  [[ $got == "$status" ]] || fail "exit status $got instead of $status: $* ($(head -c 300 stderr))"
  [[ -z $pattern ]] || grep -qE -e "$pattern" stderr || fail "no '$pattern' in: $(head -c 300 stderr) ($*)"
  if [[ $status == 1 ]]; then
    [[ $(wc -l <stderr) == 1 && $(cat stderr) == "error: "* ]] || fail "stderr is not one error line: $(cat stderr) ($*)"
  fi
}

# A model of a few thousand parameters over bytes.
small_model() {
  "$init" --output "$1" --n-layer 2 --n-head 2 --n-embd 16 --n-positions 64 --seed "${2:-1}" || fail "prefopt init"
}

# COUNT pairs of a task with some variety.
write_pairs() {
  local i
  for ((i = 0; i < $1; ++i)); do
    echo "{\"prompt\": \"Q$((i * 7 % 31)):\", \"chosen\": \" yes $((i * 5 % 13))\", \"rejected\": \" no $((i % 3)) never\"}"
  done
}
