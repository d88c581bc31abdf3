// SPDX-License-Identifier: MIT
#pragma once
// host_backend: the backend that needs only the standard library. Storage and the optimizer's
// operations, serial, in host memory; enough for small policies.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/backend/concepts.hpp"

namespace prefopt::inline v0_2 {

/// Host memory and plain loops in `Real` (float or double).
template <class Real>
class host_backend {
 public:
  using value_type = Real;

  template <class T>
  [[nodiscard]] std::vector<T> allocate(std::size_t count) const {
    return std::vector<T>(count);
  }

  void copy_from_host(std::span<const Real> from, std::span<Real> to) const {
    std::ranges::copy(from, to.begin());
  }
  void copy_to_host(std::span<const Real> from, std::span<Real> to) const {
    std::ranges::copy(from, to.begin());
  }
  void copy(std::span<const Real> from, std::span<Real> to) const {
    std::ranges::copy(from, to.begin());
  }
  void fill(std::span<Real> values, Real value) const { std::ranges::fill(values, value); }

  /// Sum of squares, accumulated in double.
  [[nodiscard]] double sum_of_squares(std::span<const std::span<const Real>> tensors) const {
    double sum = 0;
    for (const auto values : tensors)
      for (const Real value : values)
        sum += static_cast<double>(value) * static_cast<double>(value);
    return sum;
  }

  /// One AdamW step; assigns values and both moments.
  void adamw(std::span<const adamw_tensor<Real>> tensors, const adamw_coefficients& c) const {
    for (const adamw_tensor<Real>& t : tensors)
      for (std::size_t i = 0; i < t.value.size(); ++i) {
        const double g = c.gradient_scale * static_cast<double>(t.gradient[i]);
        const double m = c.beta1 * static_cast<double>(t.first_moment[i]) + (1 - c.beta1) * g;
        const double v = c.beta2 * static_cast<double>(t.second_moment[i]) + (1 - c.beta2) * g * g;
        const double deviation = std::sqrt(v * c.second_correction) + c.epsilon;
        // 0 / 0 means no step: epsilon may be 0.
        const double step = deviation > 0 ? m * c.first_correction / deviation : 0;
        t.first_moment[i] = static_cast<Real>(m);
        t.second_moment[i] = static_cast<Real>(v);
        const double kept = (t.decays ? c.decay : 1) * static_cast<double>(t.value[i]);
        t.value[i] = static_cast<Real>(kept - c.rate * step);
      }
  }
};

}  // namespace prefopt::inline v0_2
