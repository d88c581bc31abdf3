// SPDX-License-Identifier: MIT
#pragma once
// Sums and products of sizes that come from files: nothing if the result would wrap around.

#include <cstdint>
#include <limits>
#include <optional>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// a + b, or nothing if it exceeds 64 bits.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  if (b > std::numeric_limits<std::uint64_t>::max() - a) return std::nullopt;
  return a + b;
}

/// a * b, or nothing if it exceeds 64 bits.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_multiply(std::uint64_t a,
                                                                      std::uint64_t b) {
  if (a != 0 && b > std::numeric_limits<std::uint64_t>::max() / a) return std::nullopt;
  return a * b;
}

/// The product of a range of sizes, multiplied in order: 1 if there are none, nothing if it exceeds
/// 64 bits at any point.
template <class Range>
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_product(const Range& factors) {
  std::optional<std::uint64_t> product = 1;
  for (const std::uint64_t factor : factors) {
    product = checked_multiply(*product, factor);
    if (!product) return std::nullopt;
  }
  return product;
}

}  // namespace prefopt::inline v0_2
