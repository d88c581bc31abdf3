# SPDX-License-Identifier: MIT
# Every family through every command, from a new model with bytes as tokens: training begins at log 2 and lowers the loss,
# what is written is read again; gradient checkpointing changes no bit; --memory plans a run.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

write_pairs 24 >pairs.jsonl
echo '{"prompt": "Q1:"}' >prompt.jsonl
echo '{"prompt_ids": [48, 16, 25]}' >ids.jsonl
sizes=(--n-layer 2 --n-head 4 --n-kv-head 2 --n-embd 16 --n-inner 24 --n-positions 64)
arguments=(--train pairs.jsonl --batch-size 4 --epochs 3 --learning-rate 3e-3 --warmup-steps 0)

for family in llama mistral qwen2 qwen3 smollm3; do
  expect 0 "" "$init" --output $family --family $family "${sizes[@]}" --head-dim 6 --vocab-size 300
  grep -q "\"model_type\": \"$family\"" $family/config.json || fail "$family: $(cat $family/config.json)"
  expect 0 "" "$train" --model $family "${arguments[@]}" --output $family-dpo
  losses=$(sed -E 's/.*"loss":([^,]*).*/\1/' $family-dpo/metrics.jsonl)
  [[ $(head -1 <<<"$losses") == 0.6931471805599453 ]] || fail "$family: the first loss is $(head -1 <<<"$losses")"
  awk -v last="$(tail -1 <<<"$losses")" 'BEGIN { exit !(last < 0.5) }' || fail "$family did not learn: $losses"
  cmp -s <(grep -v '^ *"architectures' $family/config.json) <(grep -v '^ *"architectures' $family-dpo/config.json) ||
    fail "$family: config.json changed: $(diff $family/config.json $family-dpo/config.json)"

  expect 0 "" "$prefopt" score --model $family-dpo --data pairs.jsonl
  expect 0 "" "$prefopt" evaluate --model $family-dpo --reference $family --data pairs.jsonl
  expect 0 "" "$prefopt" generate --model $family-dpo --data prompt.jsonl --max-new-tokens 8 --temperature 0
  text=$(sed -E 's/.*"response":("[^}]*"),.*/\1/' stdout)
  expect 0 "" "$prefopt" generate --model $family-dpo --data ids.jsonl --max-new-tokens 8 --temperature 0
  grep -q '"prompt_ids":\[48,16,25\],"response_ids":\[' stdout || fail "$family: no ids: $(cat stdout)"
  [[ $(sed -E 's/.*"response":("[^}]*"),.*/\1/' stdout) == "$text" ]] || fail "$family: ids and text differ: $(cat stdout) $text"
done

# Less memory, the same bits.
expect 0 "" "$train" --model qwen3 "${arguments[@]}" --gradient-checkpointing --output again
cmp -s qwen3-dpo/model.safetensors again/model.safetensors || fail "gradient checkpointing changes bits"

# A plan.
expect 0 "" "$train" --model qwen3 "${arguments[@]}" --memory 0.5 --output planned
grep -qE '^plan: 0\.[0-9]+ GiB: weights .*, gradients .*, moments .*, activations .*, logits .*, copies .*; micro-batches of at most 4096 tokens$' stdout ||
  fail "no plan: $(cat stdout)"
cmp -s qwen3-dpo/model.safetensors planned/model.safetensors || fail "a plan with room for all changes bits"
expect 1 '--memory 0.01: the run needs more, at least this: 0\.[0-9]+ GiB: .*, gradient checkpointing$' \
  "$train" --model qwen3 "${arguments[@]}" --memory 0.01 --output none
[[ ! -e none ]] || fail "a refused plan left an output folder"
expect 2 "--memory" "$train" --model qwen3 "${arguments[@]}" --memory 0 --output none

# Without a tokenizer that can be read, ids do.
cp -r llama wordless
echo '{"version": "1.0", "model": {"type": "Unigram"}}' >wordless/tokenizer.json
rm wordless/vocab.json wordless/merges.txt
for ((i = 0; i < 8; ++i)); do echo "{\"prompt_ids\": [81, $((40 + i))], \"chosen_ids\": [50, 2], \"rejected_ids\": [51, 52, 2]}"; done >id_pairs.jsonl
expect 0 "" "$train" --model wordless --train id_pairs.jsonl --batch-size 4 --output wordless-dpo
[[ -e wordless-dpo/tokenizer.json ]] || fail "the tokenizer was not carried along"
expect 0 "" "$prefopt" score --model wordless-dpo --data id_pairs.jsonl
expect 0 "" "$prefopt" generate --model wordless-dpo --data ids.jsonl --max-new-tokens 4
grep -q '"response":' stdout && fail "a text without a tokenizer: $(cat stdout)"
grep -q '^no texts of the responses: .*tokenizer.json' stderr || fail "it does not say why: $(cat stderr)"
expect 1 "tokenizer.json" "$prefopt" generate --model wordless-dpo --data prompt.jsonl
expect 1 "tokenizer.json" "$train" --model wordless --train pairs.jsonl --output none

# What init refuses.
expect 2 "--family" "$init" --output x --family gemma
expect 1 "--n-kv-head: gpt2 has as many as heads" "$init" --output x --n-kv-head 2
expect 1 "--vocab-size 100: the tokenizer has 257 tokens" "$init" --output x --vocab-size 100
expect 1 "llama: num_attention_heads is 4, expected a multiple of num_key_value_heads, 3" \
  "$init" --output x --family llama --n-head 4 --n-kv-head 3 --n-embd 16
[[ ! -e x ]] || fail "a refused init left a folder"

finish
