// SPDX-License-Identifier: MIT
#pragma once
// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): the table of cosines and sines, and
// the rotation of heads in place.
//
// Legend: x [N, H, D]; table [N, D], whose rows are cosines | sines.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/backend/rotary.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2::detail {

template <class Real>
void rotation_table(int threads, std::span<const std::int32_t> positions,
                    std::span<const double> inverse_frequencies, matrix_view<Real> table) {
  const std::size_t half = inverse_frequencies.size();
  parallel_ranges(threads, positions.size(), 1,
                  [&](std::size_t begin, std::size_t end, std::size_t) {
                    for (std::size_t row = begin; row < end; ++row)
                      for (std::size_t i = 0; i < half; ++i) {
                        const double angle = positions[row] * inverse_frequencies[i];
                        table(row, i) = static_cast<Real>(std::cos(angle));
                        table(row, half + i) = static_cast<Real>(std::sin(angle));
                      }
                  });
}

/// Rotates the pairs (first[i], second[i]) in place, whole runs of them and then one by one: how a
/// pair is rounded does not depend on where it lies in memory.
template <class Real>
void rotate_pairs(const Real* cosines, const Real* sines, Real sign, Real* first, Real* second,
                  std::size_t count) {
  constexpr std::size_t size = 8;
  using run = Eigen::Array<Real, 1, size>;
  std::size_t i = 0;
  for (; i + size <= count; i += size) {
    const Eigen::Map<const run> cosine(cosines + i);
    const run sine = sign * Eigen::Map<const run>(sines + i);
    Eigen::Map<run> a(first + i), b(second + i);
    const run turned = a * cosine - b * sine;
    b = b * cosine + a * sine;
    a = turned;
  }
  for (; i < count; ++i) {
    const Real sine = sign * sines[i], turned = first[i] * cosines[i] - second[i] * sine;
    second[i] = second[i] * cosines[i] + first[i] * sine;
    first[i] = turned;
  }
}

/// Rotates x in place.
template <class Real>
void rotate(int threads, matrix_view<const Real> table, rotation direction,
            tensor_view<Real, 3> x) {
  const std::size_t half = x.extent(2) / 2;
  const Real sign = direction == rotation::forward ? 1 : -1;
  parallel_ranges(threads, x.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row)
      for (std::size_t head = 0; head < x.extent(1); ++head)
        rotate_pairs<Real>(&table(row, 0), &table(row, half), sign, &x(row, head, 0),
                           &x(row, head, half), half);
  });
}

}  // namespace prefopt::inline v0_2::detail
