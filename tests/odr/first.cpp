// SPDX-License-Identifier: MIT
// One of two translation units that include every header. The test is that they link, and that both
// see the same inline function.

#include "all_headers.hpp"

std::string (*join_of_second())(const int&);

int main() { return join_of_second() == &prefopt::join<int> ? 0 : 1; }
