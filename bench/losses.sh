#!/bin/bash
# SPDX-License-Identifier: MIT
# bench/losses.sh [BUILD-FOLDER]: trains the bigram's world and the demo's GPT-2 with every loss and writes the tables
# into docs/losses.md. Builds what it needs, and runs the demo first if out/demo/sft does not exist. About ten minutes.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${1:-$project/build-programs}
page=$project/docs/losses.md

cmake -S "$project" -B "$build" -DCMAKE_BUILD_TYPE=Release
cmake --build "$build" -j "$(nproc)" --target prefopt_demo prefopt_compare_losses
fine_tuned=$project/out/demo/sft
[[ -f $fine_tuned/model.safetensors ]] || "$build/examples/prefopt_demo" --output "$project/out/demo"

table=$(mktemp)
trap 'rm -f "$table"' EXIT
"$build/examples/prefopt_compare_losses" "$fine_tuned" "$project/examples/data" >"$table"
awk -v table="$table" '
  /<!-- measured: end -->/ { skip = 0 }
  !skip { print }
  /<!-- measured: begin -->/ { while ((getline line < table) > 0) print line; skip = 1 }
' "$page" >"$page.new"
mv "$page.new" "$page"
