# SPDX-License-Identifier: MIT
# Every loss trains the bigram's world without diverging; the table has a line for each.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

expect 0 "" "$train" --help
names=$(sed -n 's/.*if different: //p' stdout | sed 's/ ([a-z_]*)//g; s/,//g')
expect 0 "" "$PREFOPT_COMPARE_LOSSES"
for name in $names tdpo1 tdpo2; do
  grep -q "^| \`$name\` |" stdout || fail "no line of $name"
done
grep -Ei 'nan|inf' stdout && fail "a number that is none"
awk -F'|' '$2 ~ /`dpo`/ && $5 < 0.7 { exit 1 }' stdout || fail "dpo prefers what it should not: $(grep '`dpo`' stdout)"
awk -F'|' '$2 ~ /`dpo`/ && $8 < 1.5 { exit 1 }' stdout || fail "dpo earns too little: $(grep '`dpo`' stdout)"
expect 2 usage "$PREFOPT_COMPARE_LOSSES" one
expect 1 "" "$PREFOPT_COMPARE_LOSSES" nowhere nowhere
finish
