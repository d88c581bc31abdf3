#!/bin/bash
# SPDX-License-Identifier: MIT
# The course cannot drift from its programs: tools/check_course in a project of one lesson, and the errors that it must
# find there.
set -eu
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p tools examples/course/shared
cp "$tools/check_course" tools/
lesson=examples/course/07_dice

write_project() {
  mkdir -p $lesson
  cat >examples/course/shared/lesson.hpp <<'END'
int seeds();
END
  echo 'int seeds() { return 3; }' >examples/course/shared/lesson.cpp
  echo '[07](07_dice/README.md)' >examples/course/README.md
  cat >$lesson/main.cpp <<'END'
// 07: How often?
//
// You know:  x
// You learn: y
// Run:       ./lesson_07_dice
// Expect:    z
#include "course/shared/lesson.hpp"
int main() { return seeds(); }  // of dice
END
  # shellcheck disable=SC2016 # backticks of the page
  echo '[The program](main.cpp) ![often](figure.svg) `tools/make_course 07`' >$lesson/README.md
  echo 'plot "data.csv"' >$lesson/plot.gp
  echo '1,2' >$lesson/data.csv
  echo 'holds' >$lesson/output.txt
  echo '<svg/>' >$lesson/figure.svg
  tools/check_course --sum 07_dice >$lesson/sums
}

passes() { tools/check_course >out 2>&1 || { echo "$1: refused:" >&2; cat out >&2; exit 1; }; }
# refuses WHAT TEXT: fails with the text, and fixes WHAT was wrong for the next test.
refuses() {
  if tools/check_course >out 2>&1; then echo "$1: not found" >&2; exit 1; fi
  grep -q "$2" out || { echo "$1: other words than '$2':" >&2; cat out >&2; exit 1; }
  rm -rf examples/course/[0-9]*
  write_project
}

write_project
passes "a whole project"
sed -i 's,// of dice,// of fair dice,; s/return seeds/return  seeds/' $lesson/main.cpp
passes "another comment"
sed -i 's/3/4/' examples/course/shared/lesson.cpp
refuses "a changed helper" "made by other code"
sed -i 's/seeds();/seeds() + 1;/' $lesson/main.cpp
refuses "a changed lesson" "made by other code"
sed -i 's/2/3/' $lesson/data.csv
refuses "a number changed by hand" "made by other code"
echo 'fails' >$lesson/output.txt
refuses "an output changed by hand" "made by other code"
echo 'set grid' >>$lesson/plot.gp
refuses "a changed plot" "made by other code"
echo '<svg></svg>' >$lesson/figure.svg
refuses "a changed picture" "made by other code"
rm $lesson/sums
refuses "numbers that were never made" "never made"
rm $lesson/README.md
refuses "a lesson without a page" "has no page"
sed -i 's/main.cpp/lesson.cpp/' $lesson/README.md
refuses "a page without its program" "does not link to main.cpp"
sed -i 's/make_course 07//' $lesson/README.md
refuses "a page without its command" "does not say"
sed -i 's/!\[often\](figure.svg)//' $lesson/README.md
refuses "a picture that no page shows" "does not show"
sed -i 's/figure.svg/figure_two.svg/' $lesson/README.md
refuses "a picture that is not there" "figure_two.svg is shown, but not there"
sed -i '/07_dice/d' examples/course/README.md
refuses "a lesson that the course does not list" "does not link to $lesson"
sed -i '/Expect/d' $lesson/main.cpp
refuses "a head without what to expect" "its head has no"
sed -i '/lesson.hpp/d' $lesson/main.cpp; rm $lesson/sums
refuses "a picture of formulas alone that was never drawn" "never made"
sed -i '/lesson.hpp/d' $lesson/main.cpp; rm $lesson/plot.gp
refuses "numbers of a lesson that makes none" "the lesson makes no such file"
for _ in $(seq 150); do echo >>$lesson/main.cpp; done
refuses "a long lesson" "a lesson has 150 at most"
mkdir examples/course/08_other; echo 'x' >examples/course/08_other/data.csv
refuses "numbers without a program" "has no program"
echo 'x' >$lesson/07_dice.csv
refuses "a file with another name" "not a part of a lesson"
echo "check_course finds what it should"
