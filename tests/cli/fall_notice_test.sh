# SPDX-License-Identifier: MIT
# A run in which both responses become less likely says so; one that raises the chosen response does not.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
for i in $(seq 8); do echo "{\"prompt\": \"Q$i:\", \"chosen\": \" yes\", \"rejected\": \" no\"}"; done >pairs.jsonl
for i in $(seq 4); do echo "{\"prompt\": \"Q$i:\", \"chosen\": \"QQ##QQ\", \"rejected\": \"ZZ@@ZZ\"}"; done >others.jsonl
run() {
  expect 0 "" "$train" --model model --train pairs.jsonl --learning-rate 1e-2 --epochs 20 --batch-size 4 "$@"
}

run --eval pairs.jsonl --output risen
grep -q '^note: both' stdout && fail "said where the chosen rose: $(grep ^note: stdout)"
run --eval others.jsonl --output fallen
grep -qE '^note: both responses became less likely .*last evaluation: chosen -[0-9.]+, rejected -[0-9.]+ nats\)' stdout ||
  fail "not said: $(tail -2 stdout)"
# The mean reward is beta times the log-ratio.
chosen=$(sed -n 's/.*"eval_rewards\/chosen":\(-[0-9.]*\).*/\1/p' fallen/eval.jsonl | tail -1)
awk -v r="$chosen" -v line="$(grep '^note:' stdout)" 'BEGIN {
  sub(/.*chosen -/, "", line); sub(/,.*/, "", line); d = r / 0.1 + line; exit !(d < 0.006 && d > -0.006) }' ||
  fail "chosen is $chosen: $(grep '^note:' stdout)"
run --loss sft --output sft
grep -q '^note: both' stdout && fail "said of a loss without a reference"
finish
