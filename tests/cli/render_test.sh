# SPDX-License-Identifier: MIT
# prefopt render: conversations on stdin, a line for each on stdout.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

render() { expect "$1" "$2" "$prefopt" render "${@:3}"; }
same() { [[ $(cat stdout) == "$1" ]] || fail "$2: expected $1, got $(cat stdout)"; }
line='{"messages": [{"role": "user", "content": "Hi"}]}'

# A file, its variables, and what a line overrides.
printf '%s' "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{{ '<a>' if add_generation_prompt }}" >file.jinja
echo '{"bos_token": "[B]", "x": 1}' >variables.json
render 0 "" --chat-template file.jinja < <(echo "$line")
same '{"text":"<user>Hi"}' "a template from a file"
render 0 "" --chat-template file.jinja --variables variables.json --add-generation-prompt < <(echo "$line"; echo; echo '{"messages": [], "bos_token": "é", "add_generation_prompt": false}')
same '{"text":"[B]<user>Hi<a>"}
{"text":"é"}' "variables"
render 0 "" --chat-template file.jinja < <(printf '%s' "$line"; sleep 0.2; echo; printf '%s' "$line")
same '{"text":"<user>Hi"}
{"text":"<user>Hi"}' "a slow pipe whose last line does not end"
render 0 "" --chat-template file.jinja </dev/null
same '' "no input"

# The day.
echo '{{ strftime_now("%d %b %Y") }}' >date.jinja
render 0 "" --chat-template date.jinja --date 2024-07-26 <<<'{}'
same '{"text":"26 Jul 2024"}' "--date"
render 0 "" --chat-template date.jinja <<<'{}'
same "{\"text\":\"$(date -u '+%d %b %Y')\"}" "today"
render 2 '"2024-02-30" is not a date' --chat-template date.jinja --date 2024-02-30 <<<'{}'

# An error is an answer; what is not JSON ends the program.
printf 'a\n{{ raise_exception("Roles \\"must\\" alternate") if messages else messages.x.y }}' >raise.jinja
render 0 "" --chat-template raise.jinja < <(echo "$line"; echo '{"messages": []}'; echo "$line")
[[ $(sed -n 1p stdout) == '{"error":"Roles \"must\" alternate","template_line":2}' ]] || fail "a template's own error: $(cat stdout)"
grep -q "has no attribute 'x'" stdout || fail "an undefined name: $(cat stdout)"
[[ $(wc -l <stdout) == 3 ]] || fail "not a line for each: $(cat stdout)"
render 1 'stdin: line 2: not JSON at byte' --chat-template file.jinja < <(echo "$line"; echo '{"messages": ')
same '{"text":"<user>Hi"}' "the lines before"
render 1 'stdin: line 1: expected a JSON object' --chat-template file.jinja <<<'[]'
render 1 'key "a" appears twice' --chat-template file.jinja <<<'{"a": 1, "a": 2}'
printf 'a\n{%% nosuch %%}' >bad.jinja
render 1 "bad.jinja: line 2: Encountered unknown tag 'nosuch'" --chat-template bad.jinja <<<'{}'
echo 3 >number.json
render 1 'number.json: expected a JSON object' --chat-template file.jinja --variables number.json <<<'{}'
render 2 '--model or --chat-template is required' <<<'{}'
render 1 'chat-template none.jinja: no such file' --chat-template none.jinja <<<'{}'

# The order of members is the input's.
echo '{{ messages | tojson }}' >json.jinja
render 0 "" --chat-template json.jinja <<<'{"messages": [{"z": 1, "a": {"y": 2, "b": 3}}]}'
same '{"text":"[{\"z\": 1, \"a\": {\"y\": 2, \"b\": 3}}]"}' "order"

# A model's folder: its template, its special tokens, its named templates.
mkdir model
render 1 'model: no chat template' --model model <<<'{}'
echo '{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": [{"name": "default", "template": "{{ bos_token }}{{ eos_token }}"}, {"name": "tool_use", "template": "tools: {{ tools | length }}"}, {"name": "rag", "template": "rag"}]}' >model/tokenizer_config.json
render 0 "" --model model < <(echo '{}'; echo '{"tools": [1, 2]}'; echo '{"bos_token": "x"}')
same '{"text":"<s></s>"}
{"text":"tools: 2"}
{"text":"x</s>"}' "a model's templates"
render 0 "" --model model --chat-template rag <<<'{"tools": [1]}'
same '{"text":"rag"}' "a template by its name"
render 0 "" --model model --chat-template file.jinja <<<"$line"
same '{"text":"<s><user>Hi"}' "a file with a model's tokens"
printf 'file {{ bos_token }}' >model/chat_template.jinja
render 0 "" --model model <<<'{}'
same '{"text":"file <s>"}' "chat_template.jinja comes first"

finish
