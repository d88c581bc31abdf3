#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/run.sh [CTEST OPTIONS...]: installs missing packages, builds library, programs, lessons and tests with warnings as
# errors, and runs all tests but those with the label slow, which .ci/run adds. Works from any directory; arguments go to
# CTest (-R gpt2, for example). PREFOPT_DATA_DIR adds tests on real data.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$project/tools/install_packages.sh" build tests
cmake -S "$project" -B "$project/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPREFOPT_WERROR=ON -DPREFOPT_CUDA=AUTO \
      -DPREFOPT_TESTS=ON -DPREFOPT_BENCHES=OFF -DPREFOPT_EXAMPLES=ON
cmake --build "$project/build" -j "$(nproc)"
ctest --test-dir "$project/build" --output-on-failure -j "$(nproc)" -LE slow "$@"
