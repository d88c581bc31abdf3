# SPDX-License-Identifier: MIT
# Typical model folders: what the program reports and reads, and what it writes with the trained model.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 4 >pairs.jsonl
run() { # OUTPUT STATUS PATTERN: one step from the folder `m`
  expect "$2" "$3" "$train" --model m --train pairs.jsonl --output "$1" --max-steps 1 --threads 1
}
fresh() {
  rm -rf m
  cp -r model m
}
holds() { grep -qF -e "$2" "$1" || fail "no '$2' in $1: $(head -c 400 "$1")"; }
lacks() { ! grep -qF -e "$2" "$1" || fail "'$2' in $1"; }

# A plain folder gives no notes.
fresh
run out 0 ""
lacks stdout "eos_token_id"
lacks stdout "template"

# The config's end of text differs from the tokenizer's: reported once, and both are written.
fresh
sed -i 's/"eos_token_id": *256/"eos_token_id": 7/; s/^{/{"some_key": 1,/' m/config.json
echo '{"eos_token_id": [7, 8]}' >m/generation_config.json
run out_eos 0 ""
holds stdout "m: the tokenizer ends a text with token 256, but eos_token_id is 7 in config.json, 7 in generation_config.json"
holds stdout "m/config.json: unknown keys, not used but copied to the trained model: some_key"
for file in config generation_config; do
  tr -d ' \n' <out_eos/$file.json | grep -qE '"eos_token_id":\[256,7' || fail "$file: $(cat out_eos/$file.json)"
done

# Chat templates are copied, and a link is written as a plain file.
fresh
echo '{{ messages[0].content }}' >template
ln -s ../template m/chat_template.jinja
mkdir m/additional_chat_templates
echo '{{ tools }}' >m/additional_chat_templates/tools.jinja
run out_template 0 ""
lacks stdout "messages:"  # the data is text
[[ ! -L out_template/chat_template.jinja ]] || fail "a link was written"
cmp -s template out_template/chat_template.jinja || fail "chat_template.jinja"
cmp -s {m,out_template}/additional_chat_templates/tools.jinja || fail "additional_chat_templates"

# Tokens that were added to a tokenizer.json next to an older vocab.json.
fresh
merges='"model": {"type": "BPE", "merges": [], "vocab":'
added='"added_tokens": [{"id": 256, "content": "<|endoftext|>", "special": true}, {"id": 70, "content": "<|user|>"}]'
vocab=$(cat m/vocab.json)
echo "{$added, \"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}, $merges $vocab}}" >m/tokenizer.json
run out_refused 1 'tokenizer.json: added_tokens\[1\]: two tokens have the id 70'
sed -i 's/"id": 70/"id": 257/; s/"vocab_size": *257/"vocab_size": 258/' m/tokenizer.json
echo '{"prompt": "a<|user|>b", "chosen": "c", "rejected": "d"}' >user.jsonl
expect 1 'token id 257, expected 0 to 256' "$show" --model m --data user.jsonl --examples 1
sed -i 's/"model": {/"model": {"dropout": 0.1, /' m/tokenizer.json
run out_refused 1 'tokenizer.json: model: dropout is 0.1, which is not supported'

# Names of the hub: from its cache if they are there, whatever variable says where it is.
cached=hub/models--some-org--a.model
mkdir -p $cached/{refs,blobs,snapshots/0123abc}
printf 0123abc >$cached/refs/main
for file in model/*; do
  cp "$file" "$cached/blobs/${file##*/}"
  ln -s "../../blobs/${file##*/}" "$cached/snapshots/0123abc/${file##*/}"
done
snapshot=$work/$cached/snapshots/0123abc
expect 0 "" "$train" --model some-org/a.model --reference some-org/a.model --train pairs.jsonl --output out_hub --max-steps 1 --threads 1
[[ $(grep -c "^some-org/a.model: in the Hugging Face cache, $snapshot$" stdout) == 1 ]] || fail "not said once: $(cat stdout)"
[[ ! -L out_hub/config.json ]] || fail "a link was written"
for command in score evaluate generate show; do
  also=()
  [[ $command == evaluate ]] && also=(--reference model)
  [[ $command == generate ]] && also=(--max-new-tokens 2)
  expect 0 "" "$prefopt" $command --model model --data pairs.jsonl "${also[@]}"
  sed 's/"eval_pairs_per_second".*//' stdout >plain
  for where in HF_HUB_CACHE="$work/hub" HF_HOME="$work" XDG_CACHE_HOME="$work/cache" HOME="$work/home"; do
    mkdir -p cache/huggingface home/.cache/huggingface
    ln -sfn "$work/hub" cache/huggingface/hub
    ln -sfn "$work/hub" home/.cache/huggingface/hub
    expect 0 "" env -u HF_HUB_CACHE -u HF_HOME -u XDG_CACHE_HOME "$where" \
      "$prefopt" $command --model some-org/a.model --data pairs.jsonl "${also[@]}"
    sed 's/"eval_pairs_per_second".*//' stdout | cmp -s plain - || fail "$command with $where differs"
    grep -q "^some-org/a.model: in the Hugging Face cache, .*/snapshots/0123abc$" stderr || fail "$command, $where: $(cat stderr)"
  done
done
expect 1 'some-org/other: no such folder; .*`hf download some-org/other' "$train" --model some-org/other --train pairs.jsonl --output o
rm $cached/snapshots/0123abc/config.json $cached/snapshots/0123abc/model.safetensors
expect 1 "snapshots/0123abc/config.json: " "$train" --model some-org/a.model --train pairs.jsonl --output o
for revision in ../../../../model "" missing; do
  printf '%s' "$revision" >$cached/refs/main
  expect 1 'some-org/a.model: no such folder; .*`hf download' "$train" --model some-org/a.model --train pairs.jsonl --output o
done

# Paths that are not models.
expect 1 'gpt2: no such folder; .*`hf download gpt2 --local-dir' "$train" --model gpt2 --train pairs.jsonl --output o
fresh
echo '{}' >m/adapter_config.json
run out_refused 1 'm: holds adapter_config.json: an adapter'
# Weights and tokenizers that can be converted: the command for it, which does not write through links.
fresh
mv m/model.safetensors m/pytorch_model.bin
run out_refused 1 'm: no model.safetensors; holds pytorch_model.bin: .*: python3 -c .from transformers import AutoModelForCausalLM as M, AutoTokenizer as T; M.from_pretrained\("m", torch_dtype="auto"\).save_pretrained\("m-safetensors"\); T.from_pretrained\("m"\).save_pretrained\("m-safetensors"\).$'
sed -i 's/GPT2LMHeadModel/GPT2ForSequenceClassification/' m/config.json
run out_refused 1 'import AutoModelForSequenceClassification as M'
fresh
rm m/vocab.json m/merges.txt
touch m/tokenizer.model
run out_refused 1 'pairs.jsonl: line 1: .*m has no tokenizer \(vocab.json and merges.txt, or tokenizer.json\); it holds tokenizer.model, of SentencePiece, which is not read: python3 -c .from transformers import AutoTokenizer as T; T.from_pretrained\("m"\).save_pretrained\("m"\). writes tokenizer.json'
expect 1 'm: holds no tokenizer: .*tokenizer.model, of SentencePiece' "$prefopt" generate --model m --data pairs.jsonl
ln -sf ../model/config.json m/config.json
run out_refused 1 'save_pretrained\("m-safetensors"\).* writes tokenizer.json'
fresh
rm m/model.safetensors
mkfifo m/model.safetensors
run out_refused 1 'm/model.safetensors: a pipe, expected a regular file'
fresh
printf '\377\377\377\177' | dd of=m/model.safetensors bs=1 seek=$(($(stat -c %s m/model.safetensors) - 4)) conv=notrunc status=none
run out_refused 1 'm/model.safetensors: tensor transformer.w[pt]e.weight holds nan at \[[0-9]+, [0-9]+\]'
[[ ! -e out_refused ]] || fail "something was written"

finish
