# SPDX-License-Identifier: MIT
# How the trained model is saved: the type of its weights, and shards.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 8 >pairs.jsonl
run() { # OUTPUT MODEL [OPTION...]: two steps
  expect 0 "" "$train" --model "$2" --train pairs.jsonl --output "$1" --max-steps 2 --threads 1 --learning-rate 1e-3 "${@:3}"
}
said() { grep -qF -e "$1" stdout || fail "no '$1' in: $(cat stdout)"; }
types() { head -c 20000 "$1" | grep -aoE '"dtype":"[A-Z0-9]+"' | sort -u | tr '\n' ' '; }
type_in_config() { grep -E '"(torch_)?dtype"' "$1/config.json" | tr -d ' ,\n'; }

# float32 stays float32, and bfloat16 is half as long; checkpoints are float32 in both cases, and the same.
run long model
[[ $(types long/model.safetensors) == '"dtype":"F32" ' ]] || fail "float32 became $(types long/model.safetensors)"
run short model --save-dtype bf16
[[ $(types short/model.safetensors) == '"dtype":"BF16" ' && $(type_in_config short) == '"torch_dtype":"bfloat16"' ]] ||
  fail "bf16: $(types short/model.safetensors) $(type_in_config short)"
[[ $(stat -c %s short/model.safetensors) -lt $(($(stat -c %s long/model.safetensors) * 6 / 10)) ]] || fail "bf16 is not shorter"
[[ $(type_in_config short/checkpoint-2) == '"torch_dtype":"float32"' ]] || fail "checkpoint: $(type_in_config short/checkpoint-2)"
cmp -s {long,short}/checkpoint-2/model.safetensors || fail "--save-dtype changed the training"

# The default is the type of the model's folder.
run again short
said "short: its weights are bfloat16; the trained model is saved as bfloat16 too, --save-dtype fp32 keeps every bit"
[[ $(types again/model.safetensors) == '"dtype":"BF16" ' ]] || fail "bfloat16 became $(types again/model.safetensors)"
[[ $(types again/checkpoint-2/model.safetensors) == '"dtype":"F32" ' ]] || fail "a checkpoint of bfloat16"
run again_long short --save-dtype fp32
grep -q 'its weights are' stdout && fail "said although the type was given"
cmp -s again_long/{,checkpoint-2/}model.safetensors || fail "--save-dtype fp32 is not the checkpoint"
run other short --reference model --sync-ref-model --ref-model-sync-steps 1
[[ $(types other/checkpoint-2/reference/model.safetensors) == '"dtype":"F32" ' ]] || fail "a moved reference of bfloat16"
cp -r short half
LC_ALL=C sed -i 's/"dtype":"BF16"/"dtype":"F16" /g' half/model.safetensors
run from_half half
said "half: its weights are float16, which cannot hold every trained value; the trained model is saved as float32"
[[ $(types from_half/model.safetensors) == '"dtype":"F32" ' ]] || fail "float16 became $(types from_half/model.safetensors)"
for type in fp16 float32 ""; do expect 2 "--save-dtype" "$train" --model model --train pairs.jsonl --output o --save-dtype "$type"; done
expect 2 "--save-dtype" "$train" --model model --train pairs.jsonl --output o --dtype bfloat16

# A finished run is finished whatever its type; another type is written, and the previous one is kept.
find short -type f -exec md5sum {} + | sort >before
run short model --save-dtype bf16 --resume
said "this run is finished"
find short -type f -exec md5sum {} + | sort | cmp -s - before || fail "a finished run was touched"
cp -r short changed
printf 'x' | dd of=changed/model.safetensors bs=1 seek=$(($(stat -c %s changed/model.safetensors) - 5)) conv=notrunc status=none
run changed model --save-dtype bf16 --resume
said "changed/model.safetensors: tensor transformer.wte.weight is not the checkpoint's as bfloat16; the trained model is written again"
cmp -s {short,changed}/model.safetensors || fail "not the same model again"
run short model --save-dtype fp32 --resume
said "short/model.safetensors: tensor transformer."
cmp -s {long,short}/model.safetensors || fail "not the model in float32"
[[ $(types short/model.safetensors.damaged) == '"dtype":"BF16" ' ]] || fail "the model in bfloat16 was not kept"

# Shards, and one file again.
run shards model --max-shard-size 10KB
[[ ! -e shards/model.safetensors && -e shards/model.safetensors.index.json ]] || fail "no shards: $(ls shards)"
count=$(find shards -maxdepth 1 -name 'model-0000?-of-0000?.safetensors' | wc -l)
((count > 1)) && [[ -e shards/model-0000$count-of-0000$count.safetensors ]] || fail "shards: $(ls shards)"
[[ -e shards/checkpoint-2/model.safetensors ]] || fail "a checkpoint in shards"
total=$(sed -nE 's/.*"total_size": ([0-9]+).*/\1/p' shards/model.safetensors.index.json)
header=$(od -An -t u8 -N 8 long/model.safetensors | tr -d ' ')
[[ $total == $(($(stat -c %s long/model.safetensors) - 8 - header)) ]] || fail "total_size $total"
for folder in long shards; do
  expect 0 "" "$prefopt" score --model $folder --data pairs.jsonl --output $folder.jsonl
done
cmp -s {long,shards}.jsonl || fail "shards are another model"
run shards model --max-shard-size 10KB --resume
said "this run is finished"
mv shards/model-00001-of-* .
run shards model --max-shard-size 10KB --resume
said "model-00001-of-0000$count.safetensors: is missing, but shards/model.safetensors.index.json says"
cmp -s shards/model-00001-of-* model-00001-of-* || fail "the missing shard is not what it was"
rm shards/model-00002-of-*.safetensors
run shards model --resume
cmp -s {long,shards}/model.safetensors || fail "not the model in one file"
[[ $(find shards -maxdepth 1 -name 'model*' ! -name '*.damaged*') == shards/model.safetensors ]] || fail "stale: $(ls shards)"

# Sizes: of bytes, powers of 1000 and of 1024; one that is too small gives each tensor its file.
files() { find sized -maxdepth 1 -name 'model-*' | wc -l; }
previous=0
for size in 1 10KiB "10 kb" 10000B 9.5KB 40MB 1GiB 1TB; do
  rm -rf sized
  run sized model --max-shard-size "$size"
  case $size in
    1) [[ $(files) == $(head -c 20000 long/model.safetensors | grep -ao '"dtype"' | wc -l) ]] || fail "1: $(ls sized)" ;;
    10* | 9*) (($(files) > 1 && $(files) <= 3 * count)) || fail "$size: $(ls sized)" ;;
    *) [[ -e sized/model.safetensors && $(files) == 0 ]] || fail "$size: $(ls sized)" ;;
  esac
done
for size in 0 0.4 -1 "" GB 5XB inf nan 1e3MB 5GB5 99999999TB; do
  expect 2 "--max-shard-size" "$train" --model model --train pairs.jsonl --output o --max-shard-size="$size"
done

finish
