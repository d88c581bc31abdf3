#!/bin/bash
# SPDX-License-Identifier: MIT
# readme_install_test.sh SOURCE PREFIX: README's commands for installing, taken verbatim from it, with a CUDA compiler
# in PATH: they compile nothing and do not call it. Leaves the installed headers in PREFIX. If CUDA is requested, a
# compiler that does not work is an error; with one that works, installing before building is an error that says so.
set -euo pipefail
source=$1
prefix=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/tree" "$work/bin"
for entry in "$source"/*; do
  if [[ $(basename "$entry") != build* ]]; then ln -s "$entry" "$work/tree/"; fi
done
cat >"$work/bin/nvcc" <<EOF
#!/bin/sh
echo "\$@" >>"$work/nvcc_was_called"
exit 1
EOF
chmod +x "$work/bin/nvcc"
before=$PATH
export PATH=$work/bin:$PATH
unset CUDACXX

commands=$(awk '/^```sh$/ { block = ""; next } /^```$/ { if (block ~ /build-install/) printf "%s", block; block = "" }
                { block = block $0 "\n" }' "$source/README.md")
if [[ $(grep -c build-install <<<"$commands") -ne 2 ]]; then
  printf 'expected two commands from the README, got:\n%s\n' "$commands" >&2
  exit 1
fi

rm -rf "$prefix"
cd "$work/tree"
bash -euxc "${commands//PREFIX/$prefix}" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
if [[ -e $work/nvcc_was_called ]]; then
  echo "nobody asked for CUDA, and nvcc was called with: $(cat "$work/nvcc_was_called")" >&2
  exit 1
fi
test -f "$prefix/include/prefopt/prefopt.hpp"

if cmake -S . -B build-cuda -DPREFOPT_TESTS=OFF -DPREFOPT_BENCHES=OFF -DPREFOPT_EXAMPLES=OFF -DPREFOPT_CUDA=ON \
    >"$work/log" 2>&1; then
  echo "configured with a CUDA compiler that does not work" >&2
  exit 1
fi
if ! tr -s ' \n' '  ' <"$work/log" | grep -q 'prefopt::cuda: PREFOPT_CUDA is ON, but there is no CUDA compiler'; then
  cat "$work/log" >&2
  exit 1
fi

export PATH=$before
if ! command -v nvcc >/dev/null; then exit 0; fi
rm -rf build-cuda
cmake -S . -B build-cuda -DPREFOPT_TESTS=OFF -DPREFOPT_BENCHES=OFF -DPREFOPT_EXAMPLES=OFF -DPREFOPT_CUDA=AUTO >"$work/log" 2>&1
if grep -q 'prefopt::cuda: left out' "$work/log"; then exit 0; fi
if cmake --install build-cuda --prefix "$work/unbuilt" >"$work/log" 2>&1 || [[ -e $work/unbuilt/include ]] ||
  ! grep -q 'prefopt::cuda is not built yet' "$work/log"; then
  echo "expected one error for a CUDA backend that is not built, and nothing installed" >&2
  cat "$work/log" >&2
  exit 1
fi
