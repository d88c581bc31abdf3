# SPDX-License-Identifier: MIT
# The demo's held-out pairs share no prompt and no response with its training pairs, and neither file repeats a line.
set -euo pipefail
data=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/data" && pwd)

# One text a line: KEY FILE prints that member of each line.
texts() { sed -E "s/.*\"$1\": \"(([^\"\\\\]|\\\\.)*)\".*/\1/" "$data/$2"; }

for file in train.jsonl held_out.jsonl; do
  [[ $(sort "$data/$file" | uniq -d | wc -l) == 0 ]] || { echo "$file repeats a line" >&2; exit 1; }
done
[[ $(wc -l <"$data/train.jsonl") -ge 300 && $(wc -l <"$data/held_out.jsonl") -ge 100 ]]

shared() { comm -12 <(sort -u) <(sort -u "$1"); }
train=$(mktemp)
trap 'rm -f "$train"' EXIT
texts prompt train.jsonl >"$train"
[[ $(wc -l <"$train") == $(wc -l <"$data/train.jsonl") && $(sort -u "$train" | wc -l) -gt 100 ]]
[[ -z $(texts prompt held_out.jsonl | shared "$train") ]] || { echo "a held-out prompt is in train.jsonl" >&2; exit 1; }
{ texts chosen train.jsonl; texts rejected train.jsonl; } >"$train"
[[ -z $({ texts chosen held_out.jsonl; texts rejected held_out.jsonl; } | shared "$train") ]] ||
  { echo "a held-out response is in train.jsonl" >&2; exit 1; }
echo "held-out pairs are held out"
