#!/bin/bash
# SPDX-License-Identifier: MIT
# check_words accepts a clean folder and a rule's exceptions, and rejects a word in each kind of file.
set -euo pipefail
check_words=$(cd "$(dirname "$0")/../../tools" && pwd)/check_words
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir docs include tests tools examples

accepts() {
  "$check_words" "$folder" >stdout 2>stderr || { echo "refused: $(cat stderr)" >&2; exit 1; }
}
refuses() { # FILE WORDS ADVICE
  mkdir -p "$(dirname "$1")"
  echo "$2" >"$1"
  if "$check_words" "$folder" >stdout 2>stderr; then echo "accepted '$2' in $1" >&2; exit 1; fi
  grep -qF "$1:1:$2" stderr && grep -qF "write: $3" stderr || { echo "not named: $(cat stderr)" >&2; exit 1; }
  rm "$1"
}

echo 'std::floor(x) of a backend, in a virtual machine' >docs/page.md
accepts
for file in README.md docs/a.md include/prefopt/a.hpp examples/a.cpp tests/a_test.sh tools/make_a tests/a.py; do
  refuses "$file" 'the wanted value' 'expected'
done
refuses docs/a.md 'the floor below' layer
refuses docs/a.md 'leaf and door' component
refuses docs/a.md 'umbrella door' 'umbrella header, or entry'
refuses docs/a.md '--pairs-per-step 4' batch_size
refuses docs/a.md 'a kind of its own' 'its own, a separate'
refuses docs/a.md 'copied without a word' 'with a message, silently'
accepts
