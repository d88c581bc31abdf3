# SPDX-License-Identifier: MIT
# Bad input: the right exit status, one line that names the problem, nothing overwritten, little memory.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 12 >pairs.jsonl
run() { expect "$1" "$2" "$train" --model model --train pairs.jsonl --output out "${@:3}"; }

# Arguments, rejected before any file is read.
for option in "--beta 0" "--beta -1" "--beta nan" "--beta inf" "--label-smoothing 0.5" "--label-smoothing -0.1" \
  "--adam-beta1 1" "--adam-beta2 -0.1" "--learning-rate -1" "--learning-rate nan" "--weight-decay -1" \
  "--adam-epsilon -1" "--warmup-steps -1" "--max-grad-norm -1" "--threads 0" "--batch-size 0" "--max-length 0" \
  "--max-steps 0" "--epochs 0" "--tokens-per-microbatch 0" "--batch-size 1.5" "--epochs 1e3" "--loss nonsense" \
  "--schedule nonsense" "--truncation nonsense" "--loss 0" "--truncation 1" "--schedule 2" "--seed -1" "--threads 2000" "--show-pairs 3" "--log-every 0" "--eval-every 5" "--no-such-option" \
  "--loss ipo --label-smoothing 0" "--loss hinge --label-smoothing 0.1" "--loss sft --beta 0.1" \
  "--epochs 2 --max-steps 3" "--no-shuffle --seed 1" "--loss sft --reference model" "--loss sft --reference-cache none" "--loss sft --label-smoothing 0"; do
  # shellcheck disable=SC2086
  expect 2 . "$train" --model nowhere --train nowhere --output out $option
done
expect 2 -- "$train" --train pairs.jsonl --output out
expect 2 -- "$train" --model model --output out
expect 2 -- "$train" --model model --train pairs.jsonl

# Folders and configs.
expect 1 "nowhere" "$train" --model nowhere --train pairs.jsonl --output out
expect 1 "nowhere" "$train" --model model --train nowhere.jsonl --output out
expect 1 "nowhere" "$train" --model model --train pairs.jsonl --output out --eval nowhere.jsonl
expect 1 "nowhere" "$train" --model model --train pairs.jsonl --output out --reference nowhere
with_config() { # PATTERN SED: the model with a changed config.json
  rm -rf broken
  cp -r model broken
  sed -i "$2" broken/config.json
  expect 1 "$1" "$train" --model broken --train pairs.jsonl --output out
}
for key in n_layer n_head n_embd n_positions vocab_size; do with_config "$key" "s/\"$key\"/\"no_$key\"/"; done
with_config "n_embd is 15.*n_head" 's/"n_embd": *16/"n_embd": 15/'
with_config "n_embd" 's/"n_embd": *16/"n_embd": -16/'
with_config "n_layer" 's/"n_layer": *2/"n_layer": 2.5/'
with_config "activation_function" 's/"activation_function": *"[a-z_]*"/"activation_function": "relu"/'
with_config "wte.weight.*vocab_size" 's/"vocab_size": *257/"vocab_size": 300/'
with_config "h.2.ln_1.weight|missing" 's/"n_layer": *2/"n_layer": 3/'
with_config "not JSON" 's/}$//'

# safetensors.
with_weights() { # PATTERN COMMAND...: the model with a changed model.safetensors
  rm -rf broken
  cp -r model broken
  (cd broken && "${@:2}")
  expect 1 "$1" "$train" --model broken --train pairs.jsonl --output out
}
edit_header() { # replaces text of the same length in the header
  local LC_ALL=C
  sed -i "s/$1/$2/" model.safetensors
}
size=$(stat -c %s model/model.safetensors)
with_weights "model.safetensors" truncate -s $((size - 4)) model.safetensors
with_weights "model.safetensors" truncate -s 5 model.safetensors
with_weights "model.safetensors" truncate -s 0 model.safetensors
with_weights "model.safetensors" truncate -s $((size + 1)) model.safetensors
with_weights "model.safetensors.*header" bash -c \
  "printf '\\0\\0\\0\\0\\0\\0\\0\\200' | dd of=model.safetensors conv=notrunc status=none"
with_weights "wpe.weight" edit_header 'transformer.wpe.weight' 'transformer.wpx.weight'
with_weights "has shape \[16, 64\].*n_positions" edit_header '\[64,16\]},"transformer.wte' '[16,64]},"transformer.wte'
with_weights "model.safetensors" edit_header '"data_offsets":\[0,' '"data_offsets":[4,'
with_weights "model.safetensors" edit_header 'F32' 'F31'
with_weights "model.safetensors" rm model.safetensors
with_weights "git-lfs" bash -c "printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' >model.safetensors"

# Preference files.
with_lines() { # PATTERN LINE...: pairs.jsonl with further lines
  { cat pairs.jsonl; printf '%s\n' "${@:2}"; } >bad.jsonl
  expect 1 "bad.jsonl.*$1" "$train" --model model --train bad.jsonl --output out
}
with_lines "line 13" '{"prompt": "a", "chosen": '
with_lines "line 13.*rejected" '{"prompt": "a", "chosen": "b"}'
with_lines "line 13.*chosen_ids" '{"prompt_ids": [1], "chosen_ids": [], "rejected_ids": [2]}'
with_lines "line 13.*257" '{"prompt_ids": [1], "chosen_ids": [257], "rejected_ids": [2]}'
with_lines "line 13.*-1" '{"prompt_ids": [1], "chosen_ids": [-1], "rejected_ids": [2]}'
with_lines "line 13" '{"prompt_ids": [1], "chosen_ids": [1.5], "rejected_ids": [2]}'
with_lines "line 13.*message" '{"prompt": [{"role": "user", "content": "x"}], "chosen": "a", "rejected": "b"}'
with_lines "line 13" '[1, 2]'
: >empty.jsonl
expect 1 "empty.jsonl" "$train" --model model --train empty.jsonl --output out
echo '{"prompt": "a", "chosen": "same", "rejected": "same"}' >equal.jsonl
expect 1 "equal.jsonl.*equal" "$train" --model model --train equal.jsonl --output out
rm -rf wordless
cp -r model wordless
rm wordless/vocab.json wordless/merges.txt
expect 1 "pairs.jsonl: line 1.*tokenizer" "$train" --model wordless --train pairs.jsonl --output out
rm -rf endless
cp -r model endless
echo '{"eos_token": "</s>"}' >endless/tokenizer_config.json
expect 1 "error: endless: .*no end-of-text token \"</s>\".*tokenizer_config.json" "$train" --model endless --train pairs.jsonl --output out
run 1 "n_positions is 64.*65" --max-length 65

[[ -e out ]] && fail "a refused run left an output folder"

# A reference that does not match.
small_model other_tokens 2
echo '{"prompt_ids": [1], "chosen_ids": [2], "rejected_ids": [3]}' >ids.jsonl
grep -q '"i":72' other_tokens/vocab.json || fail "another vocabulary"
sed -i 's/"i":72/"i":73/; s/"j":73/"j":72/' other_tokens/vocab.json
for data in pairs.jsonl ids.jsonl; do
  expect 1 "other_tokens: its tokenizer differs from the model's: token id 72 is \"j\", expected \"i\"" "$train" --model model --train $data --output out --reference other_tokens
done
echo broken >other_tokens/merges.txt
expect 1 "other_tokens/merges.txt" "$train" --model model --train pairs.jsonl --output out --reference other_tokens
expect 0 "" "$train" --model model --train ids.jsonl --output out --max-steps 1 --reference other_tokens
grep -q '^the tokenizers of the model and the reference cannot be compared: .*merges.txt' stdout || fail "not said: $(cat stdout)"
rm -rf out other_tokens/vocab.json other_tokens/merges.txt
expect 0 "" "$train" --model model --train pairs.jsonl --output out --max-steps 1 --reference other_tokens
[[ $(grep -c '^other_tokens: has no tokenizer' stdout) == 1 ]] || fail "not said once: $(cat stdout)"
rm -rf out
mkdir small
"$init" --output small/positions --n-layer 1 --n-head 1 --n-embd 8 --n-positions 32
expect 1 "small/positions.*n_positions is 32" "$train" --model model --train pairs.jsonl --output out --reference small/positions
expect 1 "nowhere" "$train" --model model --train pairs.jsonl --output out2 --reference-cache nowhere/cache.safetensors
rm -rf out2

# Ids need no tokenizer, not even a complete one; ids without a token are shown as broken bytes.
rm -rf half
cp -r model half
rm half/merges.txt
expect 0 "" "$show" --model half --data ids.jsonl --examples 1
[[ $(cat stdout) == '{"prompt_ids":[1],"chosen_ids":[2],"rejected_ids":[3]}' ]] || fail "shown: $(cat stdout)"
expect 0 "" "$show" --model model --data pairs.jsonl --examples 2
[[ $(wc -l <stdout) == 2 ]] || fail "not two pairs: $(cat stdout)"
grep -q '"chosen_pieces":\[" ","y","e","s"," ","0","<|endoftext|>"\]' stdout || fail "pieces: $(cat stdout)"
if [[ -w /dev/full ]]; then
  "$show" --model model --data pairs.jsonl --examples 2 >/dev/full 2>stderr && fail "a full stdout went unnoticed"
fi

# Output folders.
touch file
expect 1 "file" "$train" --model model --train pairs.jsonl --output file/out
mkdir held
for name in model.safetensors metrics.jsonl eval.jsonl model.safetensors.index.json; do
  rm -rf held/*
  echo precious >held/$name
  expect 1 "held.*already contains a run" "$train" --model model --train pairs.jsonl --output held
  [[ $(cat held/$name) == precious ]] || fail "$name was written over"
done
# If it contains any part of a model, neither program overwrites any of it.
for name in config.json generation_config.json vocab.json merges.txt tokenizer.json tokenizer_config.json \
  chat_template.jinja pytorch_model.bin model-00001-of-00002.safetensors adapter_config.json; do
  rm -rf held/*
  echo precious >held/$name
  for option in "" --resume; do
    # shellcheck disable=SC2086
    expect 1 "held.*already contains a run or a model \($name\).*another folder" "$train" --model model --train pairs.jsonl --output held $option
  done
  expect 1 "held.*already contains a model.*$name.*another folder" "$init" --output held
  [[ $(ls held) == "$name" && $(cat held/$name) == precious ]] || fail "$name was written over: $(ls held)"
done
expect 2 "seed" "$init" --output new --seed -1
[[ -e new ]] && fail "a seed below 0 made a folder"
# Nor is a cache put where the run writes.
for name in model.safetensors metrics.jsonl eval.jsonl config.json vocab.json run.lock checkpoint-1 checkpoint-1/cache; do
  expect 1 "--reference-cache: out/../out/$name is where the run writes" "$train" --model model --train pairs.jsonl \
    --output out --reference-cache out/../out/$name
  [[ -e out ]] && fail "a refused run left an output folder"
done
ln -s out/model.safetensors cache
expect 1 "--reference-cache: cache is where" "$train" --model model --train pairs.jsonl --output out --reference-cache cache
expect 0 "" "$train" --model model --train pairs.jsonl --output inside --reference-cache inside/cache.safetensors --max-steps 2 \
  --warmup-steps 2
[[ -e inside/cache.safetensors ]] || fail "no cache inside the output folder"
grep -q -e "--warmup-steps 2: the run has 2 steps" stdout || fail "an endless warm-up was not told: $(cat stdout)"
expect 0 "" "$train" --model model --train ids.jsonl --output ids --max-steps 2 --warmup-steps 1 --split-special-tokens
grep -q -e "--split-special-tokens: the data is token ids" stdout || fail "ids with --split-special-tokens: $(cat stdout)"
grep -q -e "--warmup-steps" stdout && fail "a warm-up that ends was called endless: $(cat stdout)"
cp model/model.safetensors before
expect 1 "model.*already contains" "$train" --model model --train pairs.jsonl --output model
expect 1 "model.*already contains" "$train" --model model --train pairs.jsonl --output model --resume
cmp -s before model/model.safetensors || fail "the model was written over"

# A rate at which numbers overflow float32: the step and the pairs are named.
expect 1 "step [0-9]+.*examples?" "$train" --model model --train pairs.jsonl --output wild --learning-rate 1e30 \
  --max-grad-norm 0 --schedule constant --epochs 20
expect 1 "step 1: weights" "$train" --model model --train pairs.jsonl --output wilder --learning-rate 1e39 --max-steps 1
[[ -e wilder/model.safetensors || -e wilder/checkpoint-1 ]] && fail "weights that are not finite were saved"
[[ -e wild/model.safetensors ]] && fail "a run that was stopped left a model"

# If the dynamic loader has a program as its argument, it starts the program and not itself again.
loader=$(ldd "$train" | grep -om1 '/[^ ]*ld-linux[^ ]*' || true)
if [[ -x $loader ]]; then
  expect 0 "" env -u GOMP_SPINCOUNT -u KMP_BLOCKTIME -u KMP_LIBRARY -u OMP_WAIT_POLICY "$loader" "$train" --help
  grep -q -e "--train" stdout || fail "no help by way of $loader: $(head -c 300 stdout)"
fi
finish
