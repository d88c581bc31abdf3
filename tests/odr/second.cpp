// SPDX-License-Identifier: MIT
// The other of two translation units that include every header.

#include "all_headers.hpp"

std::string (*concat_of_second())(const int&);
std::string (*concat_of_second())(const int&) { return &prefopt::concat<int>; }
