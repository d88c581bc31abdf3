// SPDX-License-Identifier: MIT
// One of two translation units that include every header. The test is that they link, and that both
// see the same inline function.

#include "all_headers.hpp"

std::string (*concat_of_second())(const int&);

int main() { return concat_of_second() == &prefopt::concat<int> ? 0 : 1; }
