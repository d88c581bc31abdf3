// SPDX-License-Identifier: MIT
// One of two translation units with every header in them. That they link is the test; that both see
// one and the same inline function is what it means.

#include "all_headers.hpp"

std::string (*join_of_second())(const int&);

int main() { return join_of_second() == &prefopt::join<int> ? 0 : 1; }
