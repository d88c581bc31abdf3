#!/bin/bash
# SPDX-License-Identifier: MIT
# CMake's default generator has a rule for all of prefopt::compiled: makefiles cannot see the objects of another target. To take no
# time, every source is compiled as an empty one.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cat >"$build/launcher" <<'END'
#!/bin/bash
compiler=$1
while [[ $# -gt 1 ]]; do
  [[ $1 == -o ]] && object=$2
  [[ $1 == -MF ]] && echo >"$2"
  shift
done
"$compiler" -x c++ -c /dev/null -o "$object"
END
chmod +x "$build/launcher"
cmake -S "$project" -B "$build" -G "Unix Makefiles" -DPREFOPT_TESTS=OFF -DPREFOPT_BENCHES=OFF -DPREFOPT_EXAMPLES=OFF \
      -DPREFOPT_CUDA=OFF >"$build/log"
cmake "$build" -DCMAKE_CXX_COMPILER_LAUNCHER="$build/launcher" >"$build/log"
if ! grep -q prefopt_compiled "$build/Makefile"; then echo "skipped: prefopt::compiled is not built here"; exit 77; fi
# Empty objects cannot be joined; what matters is that joining them is reached.
make -C "$build" prefopt_compiled >"$build/log" 2>&1 || true
grep -q 'Joining the objects of prefopt::compiled' "$build/log" || { tail -5 "$build/log" >&2; exit 1; }
echo "all as expected"
