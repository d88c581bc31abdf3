// expects: prefopt needs C\+\+20: compile with -std=c\+\+20
// with: -std=c++17
// SPDX-License-Identifier: MIT

#include "prefopt/loss/dpo.hpp"

int main() { check(prefopt::dpo{}); }
