// SPDX-License-Identifier: MIT
#pragma once
// exp for numbers that a model may put anywhere: where it would leave the doubles, it stays at
// their end, so that what it is multiplied with may be 0. Elsewhere it is exp.

#include <cmath>

#include "prefopt/core/host_device.hpp"

namespace prefopt {

/// exp of more than this counts as exp of this, about 5e299: that leaves room for factors and sums.
inline constexpr double largest_exponent = 690;

[[nodiscard]] PREFOPT_HOST_DEVICE inline double bounded_exp(double x) {
  return std::exp(x > largest_exponent ? largest_exponent : x);
}

/// bounded_exp(x) - 1, with all digits near 0.
[[nodiscard]] PREFOPT_HOST_DEVICE inline double bounded_expm1(double x) {
  return std::expm1(x > largest_exponent ? largest_exponent : x);
}

}  // namespace prefopt
