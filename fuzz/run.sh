#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh [SECONDS] [TARGET...]: builds the fuzz targets with clang and runs each for that long (default: 60), all of
# them unless named, one after another. Starts from corpus/TARGET, from seeds, and from what earlier runs found. Prints
# a table; fails if an input, saved in build-fuzz/fuzz/crashes/TARGET/, crashed a target.
#   run.sh --keep [TARGET...]: keeps some of the found inputs in corpus/TARGET, up to KEEP_BYTES (25000).
# CXX names the compiler (clang++-16), JOBS how many build at once.
set -euo pipefail
fuzz=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$fuzz")
build=$project/build-fuzz
most_bytes=${KEEP_BYTES:-25000}

keep=
seconds=60
if [[ ${1:-} == --keep ]]; then keep=yes && shift; fi
if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1 && shift; fi
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for source in "$fuzz"/targets/*.cpp; do targets+=("$(basename "$source" .cpp)"); done
fi

mkdir -p "$build"
cmake -S "$project" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="${CXX:-clang++-16}" -DCMAKE_BUILD_TYPE=Release \
  -DPREFOPT_FUZZ=ON -DPREFOPT_NATIVE=OFF -DPREFOPT_TESTS=OFF -DPREFOPT_BENCHES=OFF -DPREFOPT_EXAMPLES=OFF >"$build/configure.log" ||
  { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build" -j "${JOBS:-$(nproc)}" --target "${targets[@]/#/fuzz_}"
python3 "$fuzz/make_seeds.py" "$build/seeds"

# The seeds, and at most 40 of the inputs that together reach everything that was found, of every length, as long as
# they fit.
keep_inputs() {
  local target=$1 minimal=$build/fuzz/minimal/$1 kept=$fuzz/corpus/$1 total=0 number=0 step size file
  rm -rf "$minimal"
  mkdir -p "$minimal" "$kept"
  "$build/fuzz/fuzz_$target" -set_cover_merge=1 -rss_limit_mb=3000 -timeout=15 -verbosity=0 "$minimal" "$build/seeds/$target" \
    "$kept" "$build/fuzz/found/$target" >"$build/fuzz/$target.merge.log" 2>&1
  find "$kept" -type f ! -name 'was_*' -delete  # was_NAME: an input that once crashed, kept permanently
  cp "$build/seeds/$target"/* "$kept/"
  step=$((($(find "$minimal" -type f | wc -l) + 39) / 40))
  while read -r size file; do
    number=$((number + 1))
    if ((number % step != 0 || total + size > most_bytes)); then continue; fi
    total=$((total + size))
    cp "$file" "$kept/"
  done < <(find "$minimal" -type f -printf '%s %p\n' | sort -n)
  echo "$target: $(find "$kept" -type f | wc -l) of $(find "$minimal" -type f | wc -l) inputs, $total bytes and the seeds"
}

if [[ $keep ]]; then
  for target in "${targets[@]}"; do keep_inputs "$target"; done
  exit
fi

failed=0
echo "| target | seconds | executions | edges: first, last | features: first, last | crashes | peak MB | slowest s |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
for target in "${targets[@]}"; do
  mkdir -p "$build/fuzz/found/$target" "$build/fuzz/crashes/$target" "$fuzz/corpus/$target"
  log=$build/fuzz/$target.log
  before=$(find "$build/fuzz/crashes/$target" -type f | wc -l)
  "$build/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=15 -rss_limit_mb=3000 -malloc_limit_mb=1500 \
    -max_len=16384 -print_final_stats=1 -dict="$fuzz/prefopt.dict" -artifact_prefix="$build/fuzz/crashes/$target/" \
    "$build/fuzz/found/$target" "$fuzz/corpus/$target" "$build/seeds/$target" >"$log" 2>&1 || failed=1
  crashes=$(($(find "$build/fuzz/crashes/$target" -type f | wc -l) - before))
  awk -v target="$target" -v seconds="$seconds" -v crashes="$crashes" '
    / cov: / {
      for (i = 1; i < NF; i++) { if ($i == "cov:") edges = $(i + 1); if ($i == "ft:") features = $(i + 1) }
      if ($2 == "INITED" || first_edges == "") { first_edges = edges; first_features = features }
    }
    /^stat::number_of_executed_units:/ { executions = $2 }
    /^stat::peak_rss_mb:/ { peak = $2 }
    /^stat::slowest_unit_time_sec:/ { slowest = $2 }
    END {
      printf "| %s | %s | %s | %s, %s | %s, %s | %s | %s | %s |\n", target, seconds, executions, first_edges, edges,
             first_features, features, crashes, peak, slowest
    }' "$log"
done
exit "$failed"
