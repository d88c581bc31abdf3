#!/bin/bash
# SPDX-License-Identifier: MIT
# check_layers accepts headers that respect their layers, and rejects every kind of violation.
set -euo pipefail
check_layers=$(cd "$(dirname "$0")/../../tools" && pwd)/check_layers
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

header() {
  local path=$1
  shift
  mkdir -p "$(dirname "$path")"
  echo '#pragma once' >"$path"
  for name in "$@"; do
    if [[ $name == '<'* ]]; then echo "#include $name"; else echo "#include \"$name\""; fi
  done >>"$path"
}
fresh() {
  rm -rf ./*
  printf '%s\n' '0 version' '1 core' '2 data loss backend' '6 prefopt' 'allow backend data' 'component cuda' 'component files' 'component io files' \
    >LAYERS
  header version.hpp
  printf '#define PREFOPT_VERSION_%s\n' 'MAJOR 0' 'MINOR 2' >>version.hpp
  header core/a.hpp '<vector>' prefopt/version.hpp
  header data/b.hpp prefopt/core/a.hpp
  header loss/c.hpp prefopt/version.hpp
  header backend/d.hpp prefopt/data/b.hpp
  header files/e.hpp '<filesystem>' '<nlohmann/json.hpp>' prefopt/core/a.hpp
  header io/f.hpp prefopt/files/e.hpp prefopt/loss/c.hpp
  header prefopt.hpp prefopt/backend/d.hpp prefopt/loss/c.hpp
  header io.hpp prefopt/io/f.hpp
  header cuda/h.hpp prefopt/version.hpp
  header cuda/i.hpp prefopt/version.hpp
  header cuda/j.cuh prefopt/cuda/i.hpp
  header cuda.hpp prefopt/cuda/h.hpp
  header cuda.cuh prefopt/cuda/j.cuh prefopt/cuda/h.hpp
  echo '#error "for nvcc"' | tee -a cuda/j.cuh >>cuda.cuh
}
refuses() {
  local says
  if says=$("$check_layers" . 2>&1) || ! grep -qF -- "$1" <<<"$says"; then
    echo "expected a refusal that says \"$1\", got: $says" >&2
    exit 1
  fi
  fresh
}

fresh
echo 'namespace prefopt::inline v0_2::detail {' >>core/a.hpp
"$check_layers" .
echo 'namespace prefopt {' >>core/a.hpp
refuses 'namespace prefopt, expected prefopt::inline v0_2'
echo 'namespace prefopt::inline v0_1 {' >>core/a.hpp
refuses 'namespace prefopt::inline v0_1, expected prefopt::inline v0_2'
header core/a.hpp prefopt/loss/c.hpp
refuses 'core may not include loss/c.hpp'
header loss/c.hpp prefopt/data/b.hpp
refuses 'loss may not include data/b.hpp'
header loss/c.hpp prefopt/io/f.hpp
refuses 'loss may not include io/f.hpp'
header files/e.hpp prefopt/io/f.hpp
refuses 'files may not include io/f.hpp'
header core/a.hpp prefopt/core/g.hpp
header core/g.hpp prefopt/core/a.hpp
refuses 'which leads back to it'
header io/f.hpp prefopt/files/e.hpp prefopt/io/detail/f_definitions.hpp
header io/detail/f_definitions.hpp prefopt/io/f.hpp
"$check_layers" .
header io/f.hpp prefopt/files/e.hpp prefopt/io/g.hpp
header io/g.hpp prefopt/io/detail/g_definitions.hpp
header io/detail/g_definitions.hpp prefopt/io/f.hpp prefopt/io/g.hpp
refuses 'io/detail/g_definitions.hpp: includes io/f.hpp, which leads back to it'
header core/a.hpp '<Eigen/Core>'
refuses 'third-party <Eigen/Core> outside the components'
header core/a.hpp '<functional>'
refuses 'too heavy'
header core/a.hpp a.hpp
refuses 'expected a path from prefopt/ on'
header core/a.hpp '<vector>'
refuses 'core/a.hpp: includes none of our headers: expected version.hpp at least'
header new/h.hpp
refuses 'LAYERS does not name new'
header io/g.hpp prefopt/version.hpp
refuses 'io.hpp: does not lead to io/g.hpp'
header loss/g.hpp prefopt/version.hpp
refuses 'prefopt.hpp: does not lead to loss/g.hpp'
header cuda/g.hpp prefopt/version.hpp
refuses 'cuda.cuh: does not lead to cuda/g.hpp'
header cuda/h.hpp prefopt/cuda/j.cuh
refuses 'cuda/j.cuh is for nvcc, and this is not'
header cuda/j.cuh prefopt/cuda/i.hpp
refuses 'cuda/j.cuh: no #error line stops a host compiler'
