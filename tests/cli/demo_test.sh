# SPDX-License-Identifier: MIT
# The demo, stopped long before it has learned: it fails and says why, and leaves all its files; twice in a row, with
# the same numbers.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
demo=${PREFOPT_DEMO:?"prefopt_demo is not built"}

short() { # FOLDER: three steps each do not make a friendly host
  expect 1 "reward accuracy on held-out pairs below 0.8: 0\.500 before DPO, 0\.[0-9]+ after it" \
    "$demo" --threads 1 --sft-steps 3 --dpo-steps 3 --output "$1"
  cp stdout "$1.txt"
}
numbers() { sed -E 's/"pairs_per_second":[^,}]*//; s/[0-9.]+ pairs\/s.*left//; /took|\//d' "$@"; }

short first
for file in sft/model.safetensors sft/config.json sft/vocab.json dpo/model.safetensors dpo/config.json dpo/vocab.json; do
  [[ -s first/$file ]] || fail "no $file"
done
for file in sft/metrics.jsonl dpo/metrics.jsonl; do
  [[ $(wc -l <"first/$file") == 3 ]] || fail "$file: $(wc -l <"first/$file") lines"
done
[[ $(wc -l <first/dpo/eval.jsonl) == 1 ]] || fail "eval.jsonl: $(wc -l <first/dpo/eval.jsonl) lines"
grep -qE '^ +reward accuracy .* 0\.500 ' first.txt || fail "before DPO not every pair is a tie"
[[ $(grep -c '^Guest: ' first.txt) == 3 ]] || fail "not three prompts"
if command -v gnuplot >/dev/null; then
  grep -q '</svg>' first/curves.svg || fail "no picture"
else
  grep -q "gnuplot is not installed" first.txt || fail "no word about gnuplot"
fi

# Again into the same folder: nothing is appended to the existing files.
cp -r first second
short second
for file in sft/model.safetensors dpo/model.safetensors; do
  cmp -s "first/$file" "second/$file" || fail "another $file the second time"
done
for file in sft/metrics.jsonl dpo/metrics.jsonl dpo/eval.jsonl; do
  diff <(numbers "first/$file") <(numbers "second/$file") >&2 || fail "another $file the second time"
done
diff <(numbers first.txt) <(numbers second.txt) >&2 || fail "another table the second time"

expect 2 "--threads" "$demo" --threads 0
expect 2 "--sft-steps" "$demo" --sft-steps 0
expect 1 "nowhere" "$demo" --data nowhere --output third
[[ ! -e third ]] || fail "a demo without data wrote something"
touch file
expect 1 "file" "$demo" --output file/below
finish
