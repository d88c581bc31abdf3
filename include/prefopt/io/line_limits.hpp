// SPDX-License-Identifier: MIT
#pragma once
// line_limits: how much of a file of examples is read before it is refused.

#include <cstddef>
#include <cstdint>

#include "prefopt/version.hpp"

namespace prefopt {

/// Bounds on a text file, the decompressed one: gzip makes a thousand bytes of one. What is made of
/// a line takes memory even where the line is short.
struct line_limits {
  std::size_t line_bytes = std::size_t{64} << 20;
  std::uint64_t file_bytes = std::uint64_t{4} << 30;
  std::size_t lines = 4'000'000;
};

}  // namespace prefopt
