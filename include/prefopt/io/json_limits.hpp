// SPDX-License-Identifier: MIT
#pragma once
// json_limits: how large a JSON text may be before it is rejected.

#include <cstddef>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Bounds on the memory that one JSON text may take.
struct json_limits {
  std::size_t depth = 64;
  std::size_t values = std::size_t{1} << 23;  // 16 bytes each, and more for keys and texts
};

}  // namespace prefopt::inline v0_2
