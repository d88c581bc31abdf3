# SPDX-License-Identifier: MIT
# prefopt tokenize: texts in, ids out, in order; what is wrong is named with its line.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
tokenize() { "$prefopt" tokenize "$@" >stdout 2>stderr || fail "exit status $?: $* ($(cat stderr))"; }
printed() { [[ $(cat stdout) == "$1" ]] || fail "not printed: $1 (but: $(cat stdout))"; }

tokenize --model model < <(printf '%s\n' '{"text": "Hi \u00e9", "more": 1}' '{"text": ""}')
printed '{"text":"Hi é","ids":[39,72,220,127,102],"pieces":["H","i"," ","�","�"],"decoded":"Hi é"}
{"text":"","ids":[],"pieces":[],"decoded":""}'
tokenize --model model --plain < <(printf 'Hi\r\n\xff')
printed '{"text":"Hi\r","ids":[39,72,201],"pieces":["H","i","\r"],"decoded":"Hi\r"}
{"text":"�","ids":[187],"pieces":["�"],"decoded":"�"}'
tokenize --model model --decode < <(printf '%s\n' '{"ids": [39, 256]}' '{"text": "H"}')
printed '{"ids":[39,256],"pieces":["H","<|endoftext|>"],"decoded":"H<|endoftext|>"}
{"text":"H","ids":[39],"pieces":["H"],"decoded":"H"}'
tokenize --model model </dev/null
printed ''

# A file alone; special tokens; any number of threads gives the same lines.
cat >tokenizer.json <<'JSON'
{"version": "1.0", "added_tokens": [{"id": 3, "content": "<s>", "normalized": false, "special": true}], "normalizer": null,
 "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false},
 "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
   {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
 "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "Fuse"},
   {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
 "model": {"type": "BPE", "vocab": {"▁": 0, "a": 1, "▁a": 2}, "merges": ["▁ a"]}}
JSON
tokenize --tokenizer tokenizer.json --plain <<<'a a'
printed '{"text":"a a","ids":[2,2],"pieces":[" a"," a"],"decoded":"a a"}'
tokenize --tokenizer tokenizer.json --plain --add-special-tokens <<<'a'
printed '{"text":"a","ids":[3,2],"pieces":["<s>"," a"],"decoded":"<s> a"}'
for ((i = 0; i < 9000; ++i)); do echo "a$((i % 2 ? 0 : 1))a" | tr -d 01; done >many.txt
tokenize --tokenizer tokenizer.json --plain --threads 1 <many.txt
mv stdout one
tokenize --tokenizer tokenizer.json --plain --threads 3 <many.txt
cmp -s one stdout || fail "three threads print other lines"

expect 1 'standard input: line 2: tokenizer: the vocabulary has no token for the character "b"' \
  "$prefopt" tokenize --tokenizer tokenizer.json --plain < <(printf 'a\nb\n')
[[ $(wc -l <stdout) == 1 ]] || fail "the line before a failure is missing"
expect 1 '/dev/stdin: line 1: key "text" is missing; --decode' "$prefopt" tokenize --model model <<<'{"ids": [1]}'
expect 1 'line 1: neither "text" nor "ids"' "$prefopt" tokenize --model model <<<'{"txt": "a"}'
expect 1 'line 1: text is 3, expected a text' "$prefopt" tokenize --model model <<<'{"text": 3}'
expect 1 'line 1: tokenizer: no token has the id 300' "$prefopt" tokenize --model model --decode <<<'{"ids": [300]}'
expect 1 'not JSON' "$prefopt" tokenize --model model <<<'Hi'
echo '{"model": {"type": "WordPiece"}}' >other.json
expect 1 'other.json: tokenizer.json: model: type is "WordPiece"' "$prefopt" tokenize --tokenizer other.json </dev/null
expect 1 'nowhere.json: cannot open' "$prefopt" tokenize --tokenizer nowhere.json </dev/null
expect 2 '' "$prefopt" tokenize </dev/null
expect 2 '' "$prefopt" tokenize --model model --tokenizer tokenizer.json </dev/null

finish
