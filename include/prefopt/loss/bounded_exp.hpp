// SPDX-License-Identifier: MIT
#pragma once
// exp for numbers of any size that a model may produce: where it would overflow, it stays near the
// largest double, so that you can multiply it by 0. Elsewhere it is exp.

#include <cmath>

#include "prefopt/core/host_device.hpp"

namespace prefopt::inline v0_2 {

/// exp of anything larger counts as exp of this, about 5e299, which leaves room for factors and
/// sums.
inline constexpr double largest_exponent = 690;

[[nodiscard]] PREFOPT_HOST_DEVICE inline double bounded_exp(double x) {
  return std::exp(x > largest_exponent ? largest_exponent : x);
}

/// bounded_exp(x) - 1, with full precision near 0.
[[nodiscard]] PREFOPT_HOST_DEVICE inline double bounded_expm1(double x) {
  return std::expm1(x > largest_exponent ? largest_exponent : x);
}

}  // namespace prefopt::inline v0_2
