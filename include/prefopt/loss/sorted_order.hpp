// SPDX-License-Identifier: MIT
#pragma once
// sorted_order: which number comes where when they are sorted.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt {

/// Indices of the numbers from the smallest to the greatest, equal ones in their order.
[[nodiscard]] inline std::vector<std::size_t> sorted_order(std::span<const double> numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return numbers[i]; });
  return order;
}

}  // namespace prefopt
