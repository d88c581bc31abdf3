#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo's held-out pairs are really held out: none of their prompts and responses occurs in the training pairs, and
# each prompt has a word that the training pairs never use.
set -euo pipefail
data=$(dirname "${BASH_SOURCE[0]}")/../../examples/data
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() { echo "$*" >&2; exit 1; }

# The values of one member, one per line, escaped as in the file.
values() { sed -nE 's/.*"'"$1"'": "(([^"\\]|\\.)*)".*/\1/p' "$2"; }

words() { sed 's/\\n/ /g' | tr 'A-Z' 'a-z' | grep -oE '[a-z]+(-[a-z]+)*'; }

for split in train held_out; do
  pairs=$(wc -l <"$data/$split.jsonl")
  for member in prompt chosen rejected; do
    values "$member" "$data/$split.jsonl" >"$scratch/$split.$member"
    [[ $(wc -l <"$scratch/$split.$member") -eq $pairs ]] || fail "$split.jsonl: not every line has a $member"
  done
  sort -u "$scratch/$split.prompt" >"$scratch/$split.prompts"
  sort -u "$scratch/$split.chosen" "$scratch/$split.rejected" >"$scratch/$split.responses"
done
[[ $(wc -l <"$data/train.jsonl") -ge 300 && $(wc -l <"$data/held_out.jsonl") -ge 100 ]] || fail "too few pairs"

for what in prompts responses; do
  common=$(comm -12 "$scratch/train.$what" "$scratch/held_out.$what")
  [[ -z $common ]] || fail "these $what are in both files: $common"
done

cat "$scratch/train.prompts" "$scratch/train.responses" | words | sort -u >"$scratch/known"
while IFS= read -r prompt; do
  new=$(words <<<"$prompt" | sort -u | comm -13 "$scratch/known" -)
  [[ -n $new ]] || fail "train.jsonl knows every word of: $prompt"
done <"$scratch/held_out.prompts"
