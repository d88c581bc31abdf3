// SPDX-License-Identifier: MIT
#pragma once
// AdamW and the sum of squares, in one pass over memory each.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2::detail {

/// Sums in double over runs of fixed length, whose sums are added in order: the same bits for any
/// number of threads.
template <class Real>
[[nodiscard]] double sum_of_squares(int threads, std::span<const Real> values) {
  constexpr std::size_t run = 4096;
  std::vector<double> runs((values.size() + run - 1) / run);
  parallel_ranges(threads, runs.size(), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto part = values.subspan(i * run, std::min(run, values.size() - i * run));
      runs[i] = as_eigen(part).template cast<double>().square().sum();
    }
  });
  double sum = 0;
  for (const double part : runs) sum += part;
  return sum;
}

/// One AdamW step; assigns value and both moments. See adamw_coefficients for the formula.
template <class Real>
void adamw(int threads, std::span<Real> value, std::span<const Real> gradient,
           std::span<Real> first_moment, std::span<Real> second_moment,
           const adamw_coefficients& c) {
  const auto beta1 = static_cast<Real>(c.beta1), beta2 = static_cast<Real>(c.beta2);
  const auto rest1 = static_cast<Real>(1 - c.beta1), rest2 = static_cast<Real>(1 - c.beta2);
  const auto rate = static_cast<Real>(c.rate * c.first_correction),
             decay = static_cast<Real>(c.decay);
  const auto correction = static_cast<Real>(c.second_correction),
             epsilon = static_cast<Real>(c.epsilon);
  const auto scale = static_cast<Real>(c.gradient_scale);
  // three expressions over data in the first-level cache: one pass over memory
  constexpr std::size_t run = 512;
  parallel_ranges(threads, value.size(), run, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (; begin < end; begin += run) {
      const std::size_t count = std::min(run, end - begin);
      const auto g = as_eigen(gradient.subspan(begin, count)) * scale;
      auto m = as_eigen(first_moment.subspan(begin, count));
      auto v = as_eigen(second_moment.subspan(begin, count));
      auto x = as_eigen(value.subspan(begin, count));
      m = beta1 * m + rest1 * g;
      v = beta2 * v + rest2 * g.square();
      const auto deviation = (v * correction).sqrt() + epsilon;
      x = decay * x -
          // for 0 / 0, no step: epsilon may be 0
          (deviation > Real(0)).select(rate * m / deviation, Real(0));
    }
  });
}

}  // namespace prefopt::inline v0_2::detail
