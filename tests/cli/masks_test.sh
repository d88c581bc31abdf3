# SPDX-License-Identifier: MIT
# Which tokens of a response are scored, and how prefopt show shows it.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
cat >model/chat_template.jinja <<'E'
{%- for m in messages %}{{ "{" + m.role[0] + ":" + m.content + "<|endoftext|>\n" }}{% endfor -%}
{%- if add_generation_prompt %}{{ "{a:" }}{% endif -%}
E
message() { echo "{\"role\": \"$1\", \"content\": \"$2\"}"; }
dialogue() { # PROMPT ANSWER USER ANSWER, and the rejected answer in place of the first
  echo "{\"prompt\": [$(message user "$1")], \"chosen\": [$(message assistant "$2"), $(message user "$3"), $(message assistant "$4")], \"rejected\": [$(message assistant "$5")]}"
}
for i in 1 2 3 4; do dialogue "Hi $i" Yes ok So "No $i"; done >turns.jsonl
shown() { expect "$1" "$2" "$show" --model model --data turns.jsonl --examples 1 "${@:3}"; }
is() { [[ $(cat stdout) == "$1" ]] || fail "expected $1, got $(cat stdout)"; }
has() { grep -qF -e "$1" stdout || fail "no '$1' in $(cat stdout)"; }
said() { grep -qF -e "$1" stderr || fail "no '$1' in $(cat stderr)"; }

shown 1 "turns.jsonl: line 1: chosen: a response whose message 2 is not the assistant's and would be scored"
shown 0 "" --assistant-only
# Y e s E \n | { u : o k E \n { a : | S o E \n
has '"chosen_targets":[[0,5],[15,19]]'
has '"rejected_targets":[[0,6]]'
said "turns.jsonl: the assistant's turns are 60% of the responses' tokens; the others are not scored"
shown 0 "" --assistant-only --trim-after-end-of-turn
has '"chosen_targets":[[0,4],[15,18]]'
said "12 turns without the white space behind the end token"
shown 0 "" --assistant_only_loss true --format text
has '⟦Yes<|endoftext|>↵'
has '⟧{u:ok<|endoftext|>↵'
has 'example 1 (line 1), chosen: 19 tokens, 9 targets'
grep -q "$(printf '\033')" stdout && fail "colours in a file"
if script -qec true /dev/null >/dev/null 2>&1; then
  on_terminal() { script -qec "env $1 $show --model model --data turns.jsonl --examples 1 --assistant-only 2>/dev/null" /dev/null >stdout; }
  escape=$(printf '\033')
  on_terminal TERM=xterm
  has "$escape[30;42mY"
  on_terminal "TERM=xterm NO_COLOR=1"
  grep -q "$escape" stdout && fail "colours despite NO_COLOR"
  on_terminal TERM=dumb
  has '⟦Yes'
else
  echo "skipped: colours, there is no pseudo-terminal here"
fi

# What a terminal would obey is shown instead.
{ message user hi | sed 's/.*/{"prompt": [&]/'; echo ", \"chosen\": [$(message assistant '\u001b[2J\u0007')], \"rejected\": [$(message assistant '\u009b2J')]}"; } | tr -d '\n' >control.jsonl
expect 0 "" "$show" --model model --data control.jsonl --format text
has '⟦␛[2J␇<|endoftext|>↵'
grep -qP '\x1b|\x07|\xc2\x9b' stdout && fail "control characters are printed"

# Options that change nothing say so, and what an option cannot do is refused.
write_pairs 3 >texts.jsonl
expect 0 "" "$show" --model model --data texts.jsonl --assistant-only
grep -qx -e "--assistant-only: the data has no messages that a template could render" stderr || fail "$(cat stderr)"
echo '{"chosen": "\n\nHuman: Hi\n\nAssistant: A\n\nHuman: more\n\nAssistant: C", "rejected": "\n\nHuman: Hi\n\nAssistant: B"}' >inside.jsonl
expect 1 "inside.jsonl: line 1: a text with a user's turn in a response, which --assistant-only cannot tell" "$show" --model model --data inside.jsonl --assistant-only
sed 's/"user", "content": "ok"/"usr", "content": "ok"/' turns.jsonl >roles.jsonl
"$show" --model model --data roles.jsonl --assistant-only >stdout 2>stderr && fail "a role that is not known"
said 'did you mean "user"?'
said "error: roles.jsonl: line 1: chosen: a response whose message 2 has the role usr; with assistant_only"
sed 's/\("prompt": \[\)/\1{"role": "sys", "content": "Be kind."}, /' turns.jsonl >sys.jsonl
echo '{% for m in messages %}{% if m.role != "system" %}{{ m.content }}{% endif %}{% endfor %}' >skips.jinja
expect 0 "" "$show" --model model --data sys.jsonl --assistant-only --chat-template skips.jinja
said 'role "sys" in 4 of 4 pairs, as on line 1, is unusual'
sed -i 's/\\n" }}/" }}/' model/chat_template.jinja
shown 0 "" --assistant-only --trim-after-end-of-turn
said "--trim-after-end-of-turn: no turn has white space behind its end token"

# A template whose turns depend on what follows has to mark them.
cat >late.jinja <<'E'
{%- for m in messages %}{{ "{" + m.role[0] + ":" + ("hm " if loop.last and m.role == "assistant" else "") + m.content }}{% endfor -%}
{%- if add_generation_prompt %}{{ "{a:" }}{% endif -%}
E
shown 1 "turns.jsonl: line 1: .*renders a turn differently when others follow: after 10 bytes \"hm Yes\" alone" --assistant-only --chat-template late.jinja
cat >marked.jinja <<'E'
{%- for m in messages %}{{ "{" + m.role[0] + ":" }}{% if m.role == "assistant" %}{% generation %}{{ ("hm " if loop.last else "") + m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor -%}
{%- if add_generation_prompt %}{{ "{a:" }}{% endif -%}
E
shown 0 "" --assistant-only --chat-template marked.jinja
has '"chosen_targets":[[0,3],[11,16]]'

# What show prints cannot turn the marks off where it is read.
shown 0 "" --assistant-only
cp stdout ids.jsonl
expect 1 "ids.jsonl: line 1: chosen_targets" "$show" --model model --data ids.jsonl

# Training scores the same tokens, and resumes with no others.
run=("$train" --model model --train turns.jsonl --batch-size 2 --save-every 1 --threads 1 --output out)
expect 0 "" "${run[@]}" --assistant-only
grep -q '"loss":0.69314' out/metrics.jsonl || fail "the first loss is not log 2: $(head -1 out/metrics.jsonl)"
expect 1 "assistant-only" "${run[@]}" --resume
expect 0 "" "$prefopt" score --model model --data turns.jsonl --assistant-only
[[ $(head -1 stdout) == *'"tokens":7'* ]] || fail "not 7 targets: $(head -1 stdout)"

# How long examples are, and what a maximum length cuts.
expect 0 "" "$show" --model model --data turns.jsonl --assistant-only --lengths --max-length 24
has 'example          '
grep -qE '^  targets +' stdout || fail "no row of targets: $(cat stdout)"
grep -qE '^prompt +11 +11.0 +11 +11 +11 +11$' stdout || fail "the prompt's lengths: $(cat stdout)"
grep -qE '^ +24 +4 100.0%  \(this one applies\)$' stdout || fail "what is cut: $(cat stdout)"
grep -qE '^ +64 +0   0.0%$' stdout || fail "what is not cut: $(cat stdout)"
for i in 1 2; do echo "{\"prompt\": \"Q$i\", \"completion\": \" one two three\", \"label\": true}"; done >kto.jsonl
expect 0 "" "$show" --model model --data kto.jsonl --loss kto --lengths --max-length 4
grep -qE '^response +15 ' stdout || fail "lengths after a cut: $(cat stdout)"
expect 2 "excludes" "$show" --model model --data turns.jsonl --lengths --examples 1

finish
