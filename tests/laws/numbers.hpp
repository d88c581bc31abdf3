// SPDX-License-Identifier: MIT
#pragma once
// Numbers of any backend in the form in which the laws compare them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace prefopt::tests {

using numbers = std::vector<double>;

/// The distance of `a` from `b`, relative to the length of `b`.
[[nodiscard]] inline double distance(const numbers& a, const numbers& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference) / std::max(std::sqrt(size), 1e-300);
}

[[nodiscard]] inline double dot(const numbers& a, const numbers& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace prefopt::tests
