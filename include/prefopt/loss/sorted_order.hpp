// SPDX-License-Identifier: MIT
#pragma once
// sorted_order: the order of numbers when they are sorted. A NaN has its place, so that sorting is
// well defined and the resulting numbers show what is not finite.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// a < b, with NaN after all numbers.
[[nodiscard]] inline bool is_less_nan_last(double a, double b) {
  return std::isnan(b) ? !std::isnan(a) : a < b;
}

/// Indices of the numbers from the smallest to the greatest, equal ones in their order, NaNs last.
[[nodiscard]] inline std::vector<std::size_t> sorted_order(std::span<const double> numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, is_less_nan_last, [&](std::size_t i) { return numbers[i]; });
  return order;
}

}  // namespace prefopt::inline v0_2
