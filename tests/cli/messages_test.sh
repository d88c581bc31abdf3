# SPDX-License-Identifier: MIT
# Message lists are rendered by the model's chat template, or by the one that an option names.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
# {role:content}, after the date if it is asked for.
cat >model/chat_template.jinja <<'E'
{%- if dated is defined %}{{ strftime_now("%d %b %Y") }}|{% endif -%}
{%- for m in messages %}{{ "{" + m.role + ":" + m.content + "}" }}{% endfor -%}
{%- if add_generation_prompt %}{{ "{assistant:" }}{% endif -%}
E
pair() { # PROMPT CHOSEN REJECTED [MEMBERS]
  echo "{\"prompt\": [{\"role\": \"user\", \"content\": \"$1\"}], \"chosen\": [{\"role\": \"assistant\", \"content\": \"$2\"}], \"rejected\": [{\"role\": \"assistant\", \"content\": \"$3\"}]${4-}}"
}
for i in 1 2 3 4; do pair "Hi $i" "Yes" "No $i"; done >pairs.jsonl
show_first() { expect "$1" "$2" "$show" --model model --data pairs.jsonl --examples 1 --date 2026-11-28 "${@:3}"; }
holds() { grep -qF -e "$2" "$1" || fail "no '$2' in $1: $(head -c 600 "$1")"; }

show_first 0 ""
holds stdout '{user:Hi 1}{assistant:'
holds stdout 'Yes}'
holds stderr "messages: rendered by the chat template, which may print the date, 2026-11-28"
grep -q endoftext stdout && fail "a token was added to what the template wrote"
show_first 0 "" --chat-template-kwargs '{"dated": true}'
holds stdout '28 Nov 2026|{user:Hi 1}{assistant:'
echo '{"dated": true}' >kwargs.json
show_first 0 "" --chat-template-kwargs @kwargs.json
holds stdout '28 Nov 2026|'
show_first 1 "chat-template-kwargs" --chat-template-kwargs '[1]'
expect 2 "date" "$show" --model model --data pairs.jsonl --date 2026-02-30
echo '{% for m in messages %}<{{ m.content }}>{% endfor %}{{ extra }}' >other.jinja
show_first 0 "" --chat-template other.jinja
holds stdout '<Hi 1>'
show_first 1 "--chat-template nowhere: no such file, and none of the model's templates: default" --chat-template nowhere

# A prompt's end that depends on whether an answer follows.
cat >late.jinja <<'E'
{%- for m in messages %}{{ "{" + m.role + ":" + m.content + "}" }}{% endfor -%}
{%- if add_generation_prompt %}{{ "[assistant:" }}{% endif -%}
E
show_first 1 "pairs.jsonl: line 1: the chat template renders the prompt differently when an answer follows: after 11 bytes" --chat-template late.jinja
show_first 0 "" --chat-template late.jinja --prompt-tail drop
holds stdout '{user:Hi 1}'
holds stderr "4 without the end of a prompt that the chat template renders differently"

# Members that the template reads, in the order of the file.
pair a b c ', "tools": [{"z": 1, "a": 2}]' >tools.jsonl
echo '{{ tools | tojson if tools else "" }}{% for m in messages %}{{ m.content }}{% endfor %}' >tools.jinja
expect 0 "" "$show" --model model --data tools.jsonl --chat-template tools.jinja
holds stdout '[{\"z\": 1, \"a\": 2}]a'

# A template that fails names the record.
echo '{{ raise_exception("no roles here") }}' >fails.jinja
show_first 1 "pairs.jsonl: line 1: fails.jinja: line 1: no roles here" --chat-template fails.jinja

# Training, resumed on another day.
run=("$train" --model model --train pairs.jsonl --batch-size 2 --save-every 1 --threads 1)
expect 0 "" "${run[@]}" --output out --date 2026-11-28
holds stdout "messages: rendered by the chat template"
cmp -s {model,out}/chat_template.jinja || fail "the template is not written"
rm -r out/checkpoint-2 out/model.safetensors
expect 0 "" "${run[@]}" --output out --date 2026-11-29 --resume  # its text has no date
expect 0 "" "${run[@]}" --output dated --date 2026-11-28 --chat-template-kwargs '{"dated": 1}'
rm -r dated/checkpoint-2 dated/model.safetensors
expect 1 "--date" "${run[@]}" --output dated --date 2026-11-29 --chat-template-kwargs '{"dated": 1}' --resume
expect 0 "" "${run[@]}" --output dated --date 2026-11-28 --chat-template-kwargs '{ "dated":1 }' --resume

# What is no message needs no template, and options for one are not used in silence.
write_pairs 2 >texts.jsonl
for option in "--chat-template other.jinja" "--chat-template-kwargs {}" "--date 2020-02-02" "--prompt-tail drop"; do
  # shellcheck disable=SC2086
  expect 0 "" "$show" --model model --data texts.jsonl $option
  holds stderr "the data has no messages that a template could render"
done
expect 0 "" "$show" --model model --data texts.jsonl
grep -q "messages that a template" stderr && fail "options are named: $(cat stderr)"
grep -qxF "note: texts.jsonl: plain texts are read as they are; the model's chat template is not applied to them" stderr ||
  fail "no note: $(cat stderr)"
echo '{{ broken' >broken.jinja
echo '{"prompt_ids": [72]}' >ids.jsonl
expect 0 "" "$prefopt" generate --model model --data ids.jsonl --max-new-tokens 2 --chat-template broken.jinja
expect 1 "broken.jinja" "$prefopt" generate --model model --data pairs.jsonl --chat-template broken.jinja

# Prompts to answer are rendered alike.
expect 0 "" "$prefopt" generate --model model --data pairs.jsonl --max-new-tokens 4 --date 2026-11-28
holds stdout '"prompt":"{user:Hi 1}{assistant:"'
holds stderr "messages: rendered by the chat template"

finish
