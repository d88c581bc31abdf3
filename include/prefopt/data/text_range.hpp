// SPDX-License-Identifier: MIT
#pragma once
// text_range: a part of a text.

#include <cstddef>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// The bytes [begin, end) of a text.
struct text_range {
  std::size_t begin = 0;
  std::size_t end = 0;

  friend bool operator==(const text_range&, const text_range&) = default;
};

}  // namespace prefopt::inline v0_2
