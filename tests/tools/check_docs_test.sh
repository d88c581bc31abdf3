#!/bin/bash
# SPDX-License-Identifier: MIT
# check_docs accepts a page that equals its source, rejects every kind of difference, and repairs what it can.
set -euo pipefail
check_docs=$(cd "$(dirname "$0")/../../tools" && pwd)/check_docs
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir examples
printf '%s\n' 'int main() {' '  // [call]' '  if (true)' '    return 1;' '  // [/call]' '}' >examples/a.cpp
marker='<!-- from examples/a.cpp: call -->'
fence='```'

page() { printf '%s\n' "$@" >page.md; }
refuses() {
  local says
  if says=$("$check_docs" page.md 2>&1) || ! grep -qF -- "$1" <<<"$says"; then
    printf 'expected a refusal that says "%s", got: %s\nfor the page:\n' "$1" "$says" >&2
    cat page.md >&2
    exit 1
  fi
}

page "$marker" "${fence}cpp" 'if (true)' '  return 1;' "$fence" '' "${fence}sh" 'ls' "$fence"
"$check_docs" page.md

page "$marker" "${fence}cpp" 'return 2;' "$fence"
refuses 'differs from its source'
"$check_docs" --update page.md
"$check_docs" page.md

page "${fence}cpp" 'return 1;' "$fence"
refuses 'not cut from a program'
page "$marker" '' 'Some text between.' "${fence}cpp" 'return 1;' "$fence"
refuses 'no block follows'
page '<!-- from examples/a.cpp: other -->' "${fence}cpp" "$fence"
refuses 'no region [other]'
page '<!-- from notes/a.cpp: call -->' "${fence}cpp" "$fence"
refuses 'is not built'
page "$fence" 'text' "$fence"
refuses 'does not name its language'
page "${fence}sh" 'ls'
refuses 'has no end'
