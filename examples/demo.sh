#!/bin/bash
# SPDX-License-Identifier: MIT
# examples/demo.sh [OPTIONS...]: installs what is missing, builds the demo and runs it. From any working directory;
# arguments go to the demo. What it writes lies in out/demo.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$project/tools/install_packages.sh" build demo
cmake -S "$project" -B "$project/build-demo" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPREFOPT_TESTS=OFF -DPREFOPT_BENCHES=OFF
cmake --build "$project/build-demo" -j "$(nproc)" --target prefopt_demo

exec "$project/build-demo/examples/prefopt_demo" --output "$project/out/demo" "$@"
