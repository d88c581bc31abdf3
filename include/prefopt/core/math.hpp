// SPDX-License-Identifier: MIT
#pragma once
// Scalar functions around the logistic function and the log of a sum of exponentials, stable at
// both ends: exp sees only arguments <= 0, so nothing overflows, and log1p keeps the digits that 1
// + x would lose. For float and double; NaN propagates.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "prefopt/core/host_device.hpp"

namespace prefopt::inline v0_2 {

/// log(1 + exp(x)), softplus.
template <std::floating_point Real>
[[nodiscard]] PREFOPT_HOST_DEVICE inline Real log1p_exp(Real x) {
  return (x > 0 ? x : Real{0}) + std::log1p(std::exp(-std::abs(x)));
}

/// log(1 / (1 + exp(-x))).
template <std::floating_point Real>
[[nodiscard]] PREFOPT_HOST_DEVICE inline Real log_sigmoid(Real x) {
  return -log1p_exp(-x);
}

/// 1 / (1 + exp(-x)). Keeps its relative precision for x far below 0, where 1 - sigmoid(-x) has
/// none left.
template <std::floating_point Real>
[[nodiscard]] PREFOPT_HOST_DEVICE inline Real sigmoid(Real x) {
  const Real small = std::exp(-std::abs(x));
  return (x < 0 ? small : Real{1}) / (1 + small);
}

/// log(exp(a) + exp(b)); infinities are the limits.
template <std::floating_point Real>
[[nodiscard]] PREFOPT_HOST_DEVICE inline Real log_sum_exp(Real a, Real b) {
  // including two equal infinities, whose difference is not a number
  if (a == b) return a + std::log(Real{2});
  const Real larger = a > b ? a : b;
  return larger + std::log1p(std::exp(-std::abs(a - b)));
}

/// log of the sum of exp over a range of numbers that can be iterated twice; -infinity for an empty
/// one.
template <class Range>
  requires requires(const Range& values) {
    requires std::floating_point<std::remove_cvref_t<decltype(*values.begin())>>;
    values.end();
  }
[[nodiscard]] PREFOPT_HOST_DEVICE inline auto log_sum_exp(const Range& values) {
  using real = std::remove_cvref_t<decltype(*values.begin())>;
  real largest = -std::numeric_limits<real>::infinity();
  for (const real value : values) largest = value > largest ? value : largest;
  const real shift = std::isfinite(largest) ? largest : real{0};  // inf - inf is not a number
  real sum = 0;
  for (const real value : values) sum += std::exp(value - shift);
  return shift + std::log(sum);
}

}  // namespace prefopt::inline v0_2
