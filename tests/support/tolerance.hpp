// SPDX-License-Identifier: MIT
#pragma once
// How far apart two numbers that should be equal may be, by type, in one place.

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace prefopt_test {

/// For a formula with a handful of roundings, relative to its value.
template <class Real>
inline constexpr double rounding = 32 * static_cast<double>(std::numeric_limits<Real>::epsilon());

/// For a central difference with `difference_step` in double, relative to the slope or to 1.
inline constexpr double difference_step = 1e-5;
inline constexpr double difference_error = 1e-7;

/// For a whole model's tensor against PyTorch's in float64, relative to its norm.
template <class Real>
inline constexpr double model_error = std::is_same_v<Real, float> ? 1e-4 : 1e-9;

/// |came - expected| within `tolerance` of |expected|, or of `scale` if that is larger: the size of
/// what canceled.
[[nodiscard]] inline bool is_close(double came, double expected, double tolerance,
                                   double scale = 0) {
  if (came == expected) return true;  // infinities too
  return std::abs(came - expected) <= tolerance * std::max(std::abs(expected), scale);
}

}  // namespace prefopt_test
