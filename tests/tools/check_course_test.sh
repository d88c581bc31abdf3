#!/bin/bash
# SPDX-License-Identifier: MIT
# The course cannot drift from its programs: tools/check_course in a project of one lesson, and the errors that it must
# find there.
set -eu
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p tools examples/course/shared docs/course/data docs/course/figures docs/course/plots
cp "$tools/check_course" tools/

write_project() {
  cat >examples/course/shared/lesson.hpp <<'END'
int seeds();
END
  echo 'int seeds() { return 3; }' >examples/course/shared/lesson.cpp
  cat >examples/07_dice.cpp <<'END'
// 07: How often?
//
// You know:  x
// You learn: y
// Run:       ./lesson_07_dice
// Expect:    z
#include "course/shared/lesson.hpp"
int main() { return seeds(); }  // of dice
END
  cat >docs/course/07_dice.md <<'END'
[The program](../../examples/07_dice.cpp) ![often](figures/07_dice.svg) `tools/make_course 07`
END
  echo 'plot "07_dice.csv"' >docs/course/plots/07_dice.gp
  echo '1,2' >docs/course/data/07_dice.csv
  echo 'holds' >docs/course/data/07_dice.txt
  echo '<svg/>' >docs/course/figures/07_dice.svg
  tools/check_course --sum 07_dice >docs/course/data/07_dice.sum
}

passes() { tools/check_course >out 2>&1 || { echo "$1: refused:" >&2; cat out >&2; exit 1; }; }
# refuses WHAT TEXT: fails with the text, and fixes WHAT was wrong for the next test.
refuses() {
  if tools/check_course >out 2>&1; then echo "$1: not found" >&2; exit 1; fi
  grep -q "$2" out || { echo "$1: other words than '$2':" >&2; cat out >&2; exit 1; }
  rm -rf docs/course/*/* docs/course/*.md
  write_project
}

write_project
passes "a whole project"
sed -i 's,// of dice,// of fair dice,; s/return seeds/return  seeds/' examples/07_dice.cpp
passes "another comment"
sed -i 's/3/4/' examples/course/shared/lesson.cpp
refuses "a changed helper" "made by other code"
sed -i 's/seeds();/seeds() + 1;/' examples/07_dice.cpp
refuses "a changed lesson" "made by other code"
sed -i 's/2/3/' docs/course/data/07_dice.csv
refuses "a number changed by hand" "made by other code"
echo 'set grid' >>docs/course/plots/07_dice.gp
refuses "a changed plot" "made by other code"
echo '<svg></svg>' >docs/course/figures/07_dice.svg
refuses "a changed picture" "made by other code"
rm docs/course/data/07_dice.sum
refuses "numbers that were never made" "never made"
rm docs/course/07_dice.md
refuses "a lesson without a page" "has no page"
sed -i 's/make_course 07//' docs/course/07_dice.md
refuses "a page without its command" "does not say"
sed -i 's/!\[often\](figures.07_dice.svg)//' docs/course/07_dice.md
refuses "a picture that no page shows" "does not show"
sed -i '/Expect/d' examples/07_dice.cpp
refuses "a head without what to expect" "its head has no"
sed -i '/lesson.hpp/d' examples/07_dice.cpp; rm docs/course/data/07_dice.sum
refuses "a picture of formulas alone that was never drawn" "never made"
for _ in $(seq 150); do echo >>examples/07_dice.cpp; done
refuses "a long lesson" "a lesson has 150 at most"
echo 'x' >docs/course/data/08_other.csv
refuses "numbers of no lesson" "belongs to no lesson"
echo "check_course finds what it should"
