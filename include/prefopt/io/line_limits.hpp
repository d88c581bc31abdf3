// SPDX-License-Identifier: MIT
#pragma once
// line_limits: how much of a file of examples is read before it is rejected.

#include <cstddef>
#include <cstdint>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Bounds on a text file after decompression: gzip can expand one byte to a thousand. Even a short
/// line can take much memory once parsed.
struct line_limits {
  std::size_t line_bytes = std::size_t{64} << 20;
  std::uint64_t file_bytes = std::uint64_t{4} << 30;
  std::size_t lines = 4'000'000;
};

}  // namespace prefopt::inline v0_2
