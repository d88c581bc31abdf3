#!/bin/bash
# SPDX-License-Identifier: MIT
# install_packages.sh SET...: installs the missing packages of the named sets of Debian packages and prints their names.
# Sets: build, tests, demo. Run it as root, or as a user with sudo; it asks nothing. Does nothing if all packages are
# installed.
set -euo pipefail

# A package, or alternatives: any of them is enough, and the first is installed.
declare -A sets=(
  [build]="g++ cmake make ninja-build pkg-config
           libeigen3-dev libxtensor-dev nlohmann-json3-dev zlib1g-dev libpcre2-dev libutf8proc-dev libxxhash-dev libcli11-dev"
  [tests]="libboost-test-dev|libboost-test1.81-dev libboost-context-dev|libboost-context1.74-dev|libboost-context1.81-dev
           libbenchmark-dev strace"
  [demo]="gnuplot-nox|gnuplot-qt|gnuplot-x11"
)

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

any_is_installed() {
  local package
  for package in "$@"; do
    if is_installed "$package"; then return 0; fi
  done
  return 1
}

missing=()
for set in "$@"; do
  for choice in ${sets[$set]:?"no set of packages has this name"}; do
    IFS='|' read -ra alternatives <<<"$choice"
    if ! any_is_installed "${alternatives[@]}"; then missing+=("${alternatives[0]}"); fi
  done
done
if [[ ${#missing[@]} -eq 0 ]]; then exit 0; fi

if ! command -v apt-get >/dev/null; then
  echo "no apt-get here; please install what the Debian packages ${missing[*]} hold" >&2
  exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "neither root nor sudo; please have these packages installed: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@"
}

echo "Installing: ${missing[*]}"
# Existing package lists may be old: they are updated only if they are not sufficient.
if ! apt install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 </dev/null; then
  apt update </dev/null
  apt install -y --no-install-recommends "${missing[@]}" >/dev/null </dev/null
fi
