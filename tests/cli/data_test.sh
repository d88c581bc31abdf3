# SPDX-License-Identifier: MIT
# Typical preference files: read, rejected with a remedy, or counted in a message.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 12 >pairs.jsonl
show() { expect "$1" "$2" "$show" --model model --examples 99 --data "${@:3}"; }
said() { grep -qF -e "$1" stderr || fail "not said: $1 (but: $(cat stderr))"; }
silent() { [[ $(wc -l <stderr) == 1 ]] || fail "more than the counts was said: $(cat stderr)"; }
show 0 "" pairs.jsonl
silent
cp stdout expected
same() { cmp -s expected stdout || fail "not the same pairs: $*"; }

# Pipes, regardless of the writer.
show 0 "" <(head -5 pairs.jsonl; sleep 0.3; tail -n +6 pairs.jsonl)
same "a slow pipe"
show 0 "" /dev/stdin < <(while read -r line; do echo "$line"; sleep 0.01; done <pairs.jsonl)
same "standard input"
show 0 "" <(gzip -c pairs.jsonl | (head -c 1; sleep 0.1; cat))
same "gzip in a pipe"
expect 0 "" "$train" --model model --train <(cat pairs.jsonl) --eval <(head -3 pairs.jsonl; sleep 0.1) --output piped --max-steps 1
grep -q '12 of 12 pairs' stdout || fail "a pipe to train on: $(cat stdout)"
grep -q '3 of 3 pairs' stdout || fail "a pipe to evaluate on: $(cat stdout)"

# Lists, on one line and indented, and indented objects.
{ echo '['; sed '$!s/$/,/' pairs.jsonl; echo ']'; } >lines.json
tr -d '\n' <lines.json >line.json
sed 's/[[{]/&\n  /g; s/"[,]/&\n /g; s/}/\n}/' lines.json >indented.json
sed 's/{/&\n  /; s/",/&\n /g; s/}/\n}/' pairs.jsonl >objects.json
for file in lines.json line.json indented.json objects.json; do
  show 0 "" $file
  same $file
done
{ sed '$d' lines.json; echo ', {"prompt": "a"}]'; } >bad.json
show 1 'bad.json: line 14: item 13: key "chosen" is missing' bad.json

# Other kinds of files. The command in the message must work.
iconv -f UTF-8 -t UTF-16 pairs.jsonl >wide.jsonl
show 1 "wide.jsonl: UTF-16LE text.*iconv -f UTF-16LE -t UTF-8 wide.jsonl >wide.jsonl.utf8" wide.jsonl
iconv -f UTF-16LE -t UTF-8 wide.jsonl >wide.jsonl.utf8
show 0 "" wide.jsonl.utf8
same "UTF-16, converted"
{ echo 'prompt,chosen,rejected'; sed 's/{"prompt": \|}//g; s/, "[a-z]*": /,/g' pairs.jsonl; } >table.csv
show 1 "table.csv: comma-separated values \(CSV\).*python3 -c '" table.csv
if command -v python3 >/dev/null; then
  eval "$(sed 's/.*; \(python3 -c .*\) converts it/\1/' stderr)"
  show 0 "" table.csv.jsonl
  same "CSV, converted"
fi
printf 'PAR1\x15\x04' >data.parquet
show 1 'data.parquet: a Parquet file.*pandas.read_parquet\("data.parquet"\)' data.parquet

# Columns.
with() { sed "s/}\$/, $1}/" pairs.jsonl >columns.jsonl; }
with '"id": 3, "source": "x", "score_chosen": 8.5, "meta": {"a": 1}, "tools": null, "system": ""'
show 0 "" columns.jsonl
same "harmless columns"
silent
with '"foo": 1, "prompt_ids": null'
show 0 "" columns.jsonl
same "an unknown column"
said 'columns.jsonl: column "foo" in 12 of 12 pairs is not used'
expect 0 "" "$train" --model model --train columns.jsonl --output columns --max-steps 1
grep -qF 'column "foo" in 12 of 12 pairs is not used' stdout || fail "not said before training: $(cat stdout)"
with '"system": "Be brief."'
show 1 'columns.jsonl: line 1: system is not in the prompt, which is "Q0:"' columns.jsonl
with '"tools": [{"name": "weather"}]'
show 1 'columns.jsonl: line 1: tools is for a chat template' columns.jsonl
with '"weight": 0.5'
show 1 'columns.jsonl: line 1: weight would' columns.jsonl
echo '{"system": "Be brief.", "question": "What is 2+2?", "chosen": "4, of course", "rejected": "44"}' >orca.jsonl
show 1 'orca.jsonl: line 1: question is not in the prompt, which is "4"' orca.jsonl

# Messages.
answer() { echo "[{\"role\": \"user\", \"content\": \"Hi?\"}, {\"role\": \"assistant\", \"content\": \"$1\"${2-}}]"; }
echo "{\"prompt\": \"Hi?\", \"prompt_id\": \"3f\", \"chosen\": $(answer Hello), \"rejected\": $(answer What), \"messages\": $(answer Hello), \"score_chosen\": 8.5, \"score_rejected\": 7}" >ultra.jsonl
show 0 "" ultra.jsonl
said 'messages: model has no chat template; they become Human:/Assistant: text'
[[ $(wc -l <stderr) == 2 ]] || fail "more was said: $(cat stderr)"
cp stdout ultra
echo "{\"chosen\": $(answer Hello), \"rejected\": $(answer What)}" >trl.jsonl
show 0 "" trl.jsonl
cmp -s stdout ultra || fail "UltraFeedback's form is not that without a prompt"
echo "{\"prompt\": \"Hi?\", \"chosen\": $(answer "" ', "tool_calls": [{"name": "f"}]'), \"rejected\": $(answer What)}" >tools.jsonl
show 1 'tools.jsonl: line 1: chosen: message 2: tool_calls is for a chat template' tools.jsonl
echo '{"prompt": [{"role": "user", "content": "Hi"}], "chosen": [{"role": "assistant", "content": "Yes"}, {"role": "user", "content": "bye"}], "rejected": [{"role": "assistant", "content": "No"}]}' >turns.jsonl
show 1 "turns.jsonl: line 1: chosen: a response whose message 2 is not the assistant's" turns.jsonl

# Special tokens in the data.
{ cat pairs.jsonl; echo '{"prompt": "What is <|endoftext|>?", "chosen": " A <|endoftext|>.<|endoftext|>\n", "rejected": " Nothing."}'; } >special.jsonl
show 0 "" special.jsonl
said '2 texts spell out a special token, such as "<|endoftext|>" on line 13'
said '1 cut after an end token'
[[ $(tail -1 stdout | grep -o 256 | wc -l) == 4 ]] || fail "not recognized: $(tail -1 stdout)"
show 0 "" special.jsonl --split-special-tokens
[[ $(tail -1 stdout | grep -o 256 | wc -l) == 2 ]] || fail "not spelled: $(tail -1 stdout)"
silent
echo '{"prompt": [{"role": "user", "content": "a<|endoftext|>b"}], "chosen": [{"role": "assistant", "content": "c"}], "rejected": [{"role": "assistant", "content": "d"}]}' >content.jsonl
show 0 "" content.jsonl
said '1 text spells out a special token'

# Examples that cannot be trained on are dropped and counted.
{ echo '{"prompt_ids": [], "chosen_ids": [1], "rejected_ids": [2]}'; echo '{"prompt_ids": [1], "chosen_ids": [1], "rejected_ids": [2]}'; } >ids.jsonl
show 0 "" ids.jsonl
said '1 of 2 pairs, 1 dropped without a token to predict'
expect 0 "" "$train" --model model --train ids.jsonl --output orpo --loss orpo --max-steps 1

finish
