// expects: prefopt needs clang 16 or later
// with: -U__clang__ -D__clang__=1 -U__clang_major__ -D__clang_major__=15
// SPDX-License-Identifier: MIT

#include "prefopt/version.hpp"

int main() { return PREFOPT_VERSION_MAJOR; }
