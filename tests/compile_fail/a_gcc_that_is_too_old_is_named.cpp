// expects: prefopt needs g\+\+ 12 or later
// with: -U__clang__ -U__GNUC__ -D__GNUC__=11
// SPDX-License-Identifier: MIT

#include "prefopt/version.hpp"

int main() { return PREFOPT_VERSION_MAJOR; }
