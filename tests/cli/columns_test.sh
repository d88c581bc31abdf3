# SPDX-License-Identifier: MIT
# Files with the columns of Alpaca and ShareGPT, or with other names of columns, train as the same messages do.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
small_model chat
# {role:content}, then the calls of tools.
cat >chat/chat_template.jinja <<'E2'
{%- if tools %}{{ tools | tojson }}{% endif -%}
{%- for m in messages %}{{ "{" + m.role + ":" + m.content }}{% if m.tool_calls %}{{ m.tool_calls | tojson }}{% endif %}{{ "}" }}{% endfor -%}
{%- if add_generation_prompt %}{{ "{assistant:" }}{% endif -%}
E2
show() { expect "$1" "$2" "$show" --model chat --data "${@:3}"; }
said() { grep -qF -e "$1" stderr || fail "not said: $1 (but: $(cat stderr))"; }
silent() { [[ $(wc -l <stderr) == 2 ]] || fail "more than the counts and the renderer was said: $(cat stderr)"; }
same() { cmp -s "$1" stdout || fail "not the same examples: $2: $(cut -c 1-400 stdout)"; }

# The same pair in many forms.
user='{"role": "user", "content": "Add.\n1 2"}'
yes='{"role": "assistant", "content": "3"}'
no='{"role": "assistant", "content": "4"}'
echo "{\"prompt\": [{\"role\": \"system\", \"content\": \"Be brief.\"}, $user], \"chosen\": [$yes], \"rejected\": [$no]}" >trl.jsonl
show 0 "" trl.jsonl
grep -qF '"prompt_text":"{system:Be brief.}{user:Add.\n1 2}{assistant:","' stdout || fail "the prompt: $(cut -c 1-900 stdout)"
cp stdout expected
cp trl.jsonl pairs.jsonl
alpaca='"instruction": "Add.", "input": "1 2", "system": "Be brief.", "history": []'
echo "{$alpaca, \"chosen\": \"3\", \"rejected\": \"4\"}" >alpaca.jsonl
echo "[{$alpaca, \"chosen\": \"3\", \"rejected\": \"4\"}]" >alpaca.json
human='{"from": "human", "value": "Add.\n1 2"}'
three='{"from": "gpt", "value": "3"}'
four='{"from": "gpt", "value": "4"}'
echo "{\"conversations\": [$human], \"system\": \"Be brief.\", \"tools\": \"\", \"chosen\": $three, \"rejected\": $four}" >sharegpt.jsonl
echo "[{\"conversations\": [{\"from\": \"system\", \"value\": \"Be brief.\"}, $human], \"chosen\": [$three], \"rejected\": \"4\"}]" >sharegpt.json
for file in alpaca.jsonl alpaca.json sharegpt.jsonl sharegpt.json; do
  show 0 "" $file
  same expected $file
  silent
done
echo '{"q": "Add.\n1 2", "sys": "Be brief.", "best": "3", "worst": "4"}' >named.jsonl
show 0 "" named.jsonl --columns instruction=q,system=sys,chosen=best,rejected=worst
same expected "columns of other names"
silent
expect 0 "" "$train" --model chat --train alpaca.json --eval sharegpt.jsonl --output out --max-steps 1
expect 0 "" "$train" --model chat --train named.jsonl --eval named.jsonl --output named --max-steps 1 \
  --columns instruction=q,system=sys --columns chosen=best,rejected=worst
cmp -s out/model.safetensors named/model.safetensors || fail "other columns train another model"

# Without a template, too.
expect 0 "" "$show" --model model --data alpaca.jsonl
grep -qF '"prompt_text":"\n\nSystem: Be brief.\n\nHuman: Add.\n1 2\n\nAssistant:","' stdout || fail "plain: $(cut -c 1-900 stdout)"

# Unpaired examples.
echo "{\"prompt\": [$user], \"completion\": [$yes], \"label\": true}" >unpaired.jsonl
show 0 "" unpaired.jsonl
cp stdout expected
echo '{"instruction": "Add.", "input": "1 2", "output": "3", "kto_tag": true}' >kto.jsonl
echo "{\"conversations\": [$human, $three], \"kto_tag\": true}" >kto_sharegpt.jsonl
for file in kto.jsonl kto_sharegpt.jsonl; do
  show 0 "" $file
  same expected $file
  silent
done

# Calls of functions and tools.
"$init" --output wide --n-layer 1 --n-head 1 --n-embd 8 --n-positions 512 || fail "prefopt init"
cp chat/chat_template.jinja wide
echo "{\"tools\": \"[{\\\"name\\\": \\\"f\\\"}]\", \"conversations\": [$human, {\"from\": \"function_call\", \"value\": \"{\\\"name\\\": \\\"f\\\", \\\"arguments\\\": {\\\"x\\\": 1}}\"}, {\"from\": \"observation\", \"value\": \"3\"}], \"chosen\": $three, \"rejected\": $four}" >calls.jsonl
expect 0 "" "$show" --model wide --data calls.jsonl
grep -qF '"prompt_text":"[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]{user:Add.\n1 2}{assistant:[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": {\"x\": 1}}}]}{tool:3}{assistant:"' stdout ||
  fail "calls: $(grep -o '"prompt_text.*' stdout)"
expect 1 'calls.jsonl: line 1: tools is for a chat template' "$show" --model model --data calls.jsonl

# Names of columns that cannot be used.
# A column that is replaced is counted, not compared.
echo '{"prompt": "p", "question": "q", "chosen": "A", "rejected": "B"}' >both.jsonl
show 0 "" both.jsonl --columns prompt=question
grep -qF 'column "prompt" in 1 of 1 pairs is not used' stderr || fail "nothing on the replaced column: $(cat stderr)"
usage() { expect 2 "^error: --columns: $1" "$show" --model chat --data named.jsonl --columns "$2"; }
usage 'propmt=q: no column of an example is called "propmt", did you mean prompt\?' propmt=q
usage 'rejected=best: chosen=best was given before' chosen=best,rejected=best
usage 'chosen=worst: chosen=best was given before' chosen=best,chosen=worst
usage '"best", expected NAME=COLUMN' chosen=best,best
show 1 'responses=x: pairs have no responses' pairs.jsonl --columns responses=x
show 1 'pairs.jsonl: no column "sys" for system in any of 1 pairs' pairs.jsonl --columns system=sys
show 1 'named.jsonl: line 1: key "no" is missing' named.jsonl --columns instruction=q,chosen=best,rejected=no
show 1 'named.jsonl: line 1: none of the keys chosen, .*its keys are best, q, sys, worst' named.jsonl

# What can be imitated says how, and that works.
sft() { # FILE WHAT
  expect 1 "$1: line 1: $2 to imitate; the loss sft reads the chosen response of pairs, which jq -c " \
    "$train" --model chat --train "$1" --output sft --loss sft
  command -v jq >/dev/null || return
  jq -c "$(sed -E "s/.*jq -c '(.*)' makes of it/\1/" stderr)" "$1" >made.jsonl || fail "jq of $1"
  rm -rf sft
  expect 0 "" "$train" --model chat --train made.jsonl --output sft --loss sft --max-steps 1
  show 0 "" made.jsonl
  [[ $(grep -oF '"chosen_text":"3}' stdout) ]] || fail "the answer of $1: $(cat stdout)"
  grep -qF 'Be brief.}{user:Add.\n1 2}' stdout || fail "the prompt of $1: $(cat stdout)"
}
echo "{$alpaca, \"output\": \"3\"}" >sft_alpaca.jsonl
sft sft_alpaca.jsonl "an instruction with an output"
echo "{\"system\": \"Be brief.\", \"conversations\": [$human, $three]}" >sft_sharegpt.jsonl
sft sft_sharegpt.jsonl "a dialogue"

# Plain texts for a model with a chat template: one note, before anything else.
write_pairs 4 >texts.jsonl
note="note: texts.jsonl: plain texts are read as they are; the model's chat template is not applied to them"
expect 0 "" "$train" --model chat --train texts.jsonl --output plain --max-steps 1
[[ $(cat stderr) == "$note" ]] || fail "the note of train: $(cat stderr)"
expect 0 "" "$train" --model model --train texts.jsonl --output no_template --max-steps 1
[[ ! -s stderr ]] || fail "a note without a template: $(cat stderr)"
expect 0 "" "$train" --model chat --train pairs.jsonl --eval texts.jsonl --output mixed --max-steps 1
[[ $(cat stderr) == "$note" ]] || fail "the note for --eval: $(cat stderr)"
expect 0 "" "$train" --model chat --train pairs.jsonl --output messages --max-steps 1
[[ ! -s stderr ]] || fail "a note for messages: $(cat stderr)"
expect 0 "" "$prefopt" generate --model chat --data texts.jsonl --max-new-tokens 2
[[ $(grep -cF "$note" stderr) == 1 ]] || fail "the note of generate: $(cat stderr)"

# Columns beside messages, roles, and members that the template does not read.
beside() { sed "s/}\$/, $1}/" pairs.jsonl >beside.jsonl; }
beside '"images": ["a.png"]'
show 1 'beside.jsonl: line 1: images is beside the messages, where no chat template reads it' beside.jsonl
beside '"tool_calls": [{"name": "f"}]'
show 1 'beside.jsonl: line 1: tool_calls is beside the messages' beside.jsonl
sed 's/"system"/"sytsem"/' pairs.jsonl >roles.jsonl
show 0 "" roles.jsonl
said 'roles.jsonl: role "sytsem" in 1 of 1 pairs, as on line 1, is unusual; a chat template may leave its messages out; did you mean "system"?'
echo '{%- for m in messages %}{{ "sytsem" if m.role == "sytsem" }}{{ m.content }}{% endfor -%}' >sytsem.jinja
show 0 "" roles.jsonl --chat-template sytsem.jinja
silent
sed 's/"content": "Be brief."/&, "foo": 1, "tool_calls": null/' pairs.jsonl >members.jsonl
show 0 "" members.jsonl
said 'members.jsonl: message member "foo" in 1 of 1 pairs is not used'
echo '{%- for m in messages %}{{ m.foo }}{{ m.content }}{% endfor -%}' >foo.jinja
show 0 "" members.jsonl --chat-template foo.jinja
silent
sed 's/"Be brief."/null/' pairs.jsonl >null.jsonl
show 1 'null.jsonl: line 1: prompt: message 1: content is null, expected a text' null.jsonl

# Prompts to answer.
expect 0 "" "$prefopt" generate --model chat --data alpaca.jsonl --max-new-tokens 2
grep -qF '"prompt":"{system:Be brief.}{user:Add.\n1 2}{assistant:"' stdout || fail "a prompt: $(cat stdout)"
expect 0 "" "$prefopt" generate --model chat --data named.jsonl --max-new-tokens 2 --columns instruction=q
grep -qF '"prompt":"{user:Add.\n1 2}{assistant:"' stdout || fail "a named prompt: $(cat stdout)"
"$prefopt" generate --model chat --data pairs.jsonl --columns system=nowhere >stdout 2>stderr && fail "a column that is nowhere"
said 'error: pairs.jsonl: no column "nowhere" in any prompt'
expect 1 'chosen=best: prompts have no chosen' "$prefopt" generate --model chat --data named.jsonl --columns chosen=best
sed -i 's/"system"/"sytsem"/' pairs.jsonl
expect 0 'pairs.jsonl: line 1: role "sytsem" is unusual' "$prefopt" generate --model chat --data pairs.jsonl --max-new-tokens 2

finish
