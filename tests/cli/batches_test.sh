# SPDX-License-Identifier: MIT
# How examples are cut, packed and grouped into steps changes no number, except by rounding.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_model model
write_pairs 11 >pairs.jsonl
run() { # FOLDER OPTION...: on one thread, in the file's order
  expect 0 "" "$train" --model model --threads 1 --no-shuffle --output "$@"
}
values() { sed -n "s#.*\"$2\":\([^,}]*\).*#\1#p" "$1/metrics.jsonl"; } # FOLDER KEY: one per line
close() { # WHAT FILE FILE TOLERANCE: as many numbers, equal up to rounding
  paste "$2" "$3" | awk -v t="$4" 'NF != 2 || ($1 - $2) ^ 2 > t ^ 2 * (1 + $1 ^ 2) { bad = 1 } END { exit bad || NR == 0 }' ||
    fail "$1: $(paste "$2" "$3" | head -3)"
}

# A step's numbers for any micro-batches; the last step averages over its own three pairs.
for loss in dpo ipo orpo aot; do
  for tokens in 1 40 4096; do
    run "$loss$tokens" --train pairs.jsonl --loss $loss --batch-size 8 --tokens-per-microbatch $tokens \
      --learning-rate 1e-3 --eval pairs.jsonl --eval-every 1
    for key in loss rewards/accuracies grad_norm logps/chosen; do
      values $loss$tokens $key >"$tokens.numbers"
      [[ $key == rewards/* && $loss == orpo ]] && continue
      [[ $tokens == 1 ]] && cp 1.numbers first.numbers.${key//\//_}
      close "$loss, $key with micro-batches of $tokens tokens" first.numbers.${key//\//_} $tokens.numbers 1e-5
    done
  done
done
values dpo1 rewards/accuracies | tail -1 |
  awk '{ exit !(($1 * 3 - int($1 * 3 + 0.5)) ^ 2 < 1e-12) }' || fail "accuracies of three pairs: $(values dpo1 rewards/accuracies)"

# The mean of nine steps is the value of one; the first loss is log 2.
head -9 pairs.jsonl >nine.jsonl
run one --train nine.jsonl --learning-rate 0 --batch-size 9
run nine --train nine.jsonl --learning-rate 0 --batch-size 1
values one loss | grep -q '^0\.69314718055994' || fail "not log 2: $(values one loss)"
for key in logps/chosen logps/rejected; do
  values one $key >whole
  values nine $key | awk '{ sum += $1 } END { printf "%.17g\n", sum / NR }' >mean
  close "$key of nine steps" whole mean 1e-6
done

# If the responses are swapped, the two log-probs are swapped bit for bit.
sed 's/"chosen"/"x"/; s/"rejected"/"chosen"/; s/"x"/"rejected"/' nine.jsonl >swapped.jsonl
run swapped --train swapped.jsonl --learning-rate 0 --batch-size 9
[[ $(values one logps/chosen) == "$(values swapped logps/rejected)" ]] || fail "chosen, swapped"
[[ $(values one logps/rejected) == "$(values swapped logps/chosen)" ]] || fail "rejected, swapped"

# Cutting: every response has a token, every number is finite, and the two ways differ.
letters() { head -c "$2" </dev/zero | tr '\0' "$1"; }
{
  echo "{\"prompt\": \"$(letters P 20)\", \"chosen\": \"c\", \"rejected\": \"$(letters r 30)\"}"
  echo "{\"prompt\": \"PQR\", \"chosen\": \"cc\", \"rejected\": \"$(letters r 40)\"}"
  echo "{\"prompt\": \"$(letters P 40)\", \"chosen\": \"c\", \"rejected\": \"d\"}"
} >long.jsonl
lengths() { # of prompt, chosen and rejected, one pair per line
  sed -E 's/"([a-z]+_ids)":\[([^]]*)\]/\n\2\n/g' stdout | awk '/^[0-9][0-9,]*$/ { printf "%s%d", n++ % 3 ? "+" : (n > 1 ? " " : ""), gsub(",", ",") + 1 }'
}
show() { expect 0 "" "$show" --model model --data long.jsonl --max-length 16 --examples 9 "$@"; }
show --truncation keep_start
[[ $(lengths) == 3+3+13 ]] || fail "keep_start: $(lengths)"
grep -q '1 of 3 pairs, 2 dropped without a response token' stderr || fail "keep_start: $(cat stderr)"
show --truncation keep_end
[[ $(lengths) == "1+2+15 1+3+15 14+2+2" ]] || fail "keep_end: $(lengths)"
for loss in dpo simpo orpo; do
  for mode in keep_start keep_end; do
    run "$loss$mode" --train long.jsonl --max-length 16 --truncation $mode --loss $loss
    grep -qE 'null|nan|inf' "$loss$mode/metrics.jsonl" && fail "$loss, $mode: $(cat "$loss$mode/metrics.jsonl")"
  done
done

# A beginning that both responses share may also be in the prompt: sums do not change, averages do.
small_model other 2
echo '{"prompt": "Q:", "chosen": " the same beginning X", "rejected": " the same beginning Y."}' >shared.jsonl
echo '{"prompt": "Q: the same beginning", "chosen": " X", "rejected": " Y."}' >moved.jsonl
for loss in dpo summed_ipo ipo; do
  run "shared_$loss" --train shared.jsonl --loss $loss --reference other
  grep -q 'shared.jsonl: 89% of the responses. tokens are a shared beginning' stdout || fail "no share: $(cat stdout)"
  run "moved_$loss" --train moved.jsonl --loss $loss --reference other
  for file in shared moved; do values ${file}_$loss loss >$file.numbers; done
  if [[ $loss == ipo ]]; then
    cmp -s shared.numbers moved.numbers && fail "averages do not see where the prompt ends"
  else
    close "$loss, with a part of the responses in the prompt" shared.numbers moved.numbers 1e-5
  fi
done

# The end token is a target; a response that was cut has none.
expect 0 "" "$show" --model model --data pairs.jsonl --examples 11
[[ $(grep -c '"chosen_ids":\[[0-9,]*,256\],"rejected_ids":\[[0-9,]*,256\]' stdout) == 11 ]] || fail "no end: $(cat stdout)"
expect 0 "" "$show" --model model --data pairs.jsonl --examples 11 --max-length 6
grep -q 256 stdout && fail "an end behind a cut: $(cat stdout)"
echo '{"prompt": "Q", "chosen": "", "rejected": "yes"}' >empty.jsonl
run ended --train empty.jsonl --learning-rate 0
values ended logps/chosen | awk '{ exit !($1 < -4 && $1 > -7) }' || fail "an empty answer is its end: $(values ended logps/chosen)"

# No example is its own mismatch, and every step has some.
for i in 1 2 3; do echo "{\"prompt\": \"Q$i\", \"completion\": \" yes $i\", \"label\": true}"; done >unpaired.jsonl
expect 0 "" "$show" --model model --data unpaired.jsonl --loss kto --examples 3
[[ $(sed -E 's/.*"completion_ids":(\[[^]]*\]).*"mismatched_ids":(\[[^]]*\]).*/\1 \2/' stdout | awk '$1 != $2' | wc -l) == 3 ]] ||
  fail "mismatched: $(cat stdout)"
for size in 1 2 3; do run "kto$size" --train unpaired.jsonl --loss kto --batch-size $size; done

# A token without a row in the model is rejected where it is used, and only there.
cp -r model padded
echo '{"added_tokens_decoder": {"257": {"content": "[PAD]", "special": true}}, "pad_token": "[PAD]"}' >padded/tokenizer_config.json
expect 0 "" "$show" --model padded --data pairs.jsonl --examples 1
echo '{"prompt": "Q", "chosen": "[PAD]", "rejected": "no"}' >pad.jsonl
expect 1 "pad.jsonl: line 1: chosen has token id 257, expected 0 to 256" "$show" --model padded --data pad.jsonl --examples 1

finish
