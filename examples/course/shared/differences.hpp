// SPDX-License-Identifier: MIT
#pragma once
// Runs over the same worlds or seeds, compared world by world: what the worlds have in common
// cancels.

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "course/shared/lesson.hpp"

namespace course {

struct paired_difference {
  double mean = 0;
  /// standard error of the mean: the differences' deviation over the root of their number
  double error = 0;
};

/// Of a - b, which have the same number of values, at least one.
[[nodiscard]] inline paired_difference difference_of(std::span<const double> a,
                                                     std::span<const double> b) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  const spread found = spread_of(differences);
  return {found.mean, found.deviation / std::sqrt(static_cast<double>(a.size()))};
}

}  // namespace course
