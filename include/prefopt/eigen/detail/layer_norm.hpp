// SPDX-License-Identifier: MIT
#pragma once
// Layer normalization over the channels of each row (Ba et al. 2016, arXiv:1607.06450) and its
// backward pass.
//
// Legend: x, y [N, C]; scale, shift [C].

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2::detail {

template <class Real>
void layer_norm(int threads, matrix_view<const Real> x, std::span<const Real> scale,
                std::span<const Real> shift, double epsilon, matrix_view<Real> y,
                layer_norm_statistics<Real> statistics) {
  const auto scales = as_eigen(scale);
  const auto shifts = as_eigen(shift);
  parallel_ranges(threads, x.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto in = as_eigen_row(x, row);
      const Real mean = in.mean();
      const Real variance = (in - mean).square().mean();
      const Real inverse = 1 / std::sqrt(variance + static_cast<Real>(epsilon));
      as_eigen_row(y, row) = (in - mean) * inverse * scales + shifts;
      statistics.mean[row] = mean;
      statistics.inverse_deviation[row] = inverse;
    }
  });
}

/// Adds to d_x, and to d_scale and d_shift unless they are empty.
template <class Real>
void layer_norm_backward(int threads, matrix_view<const Real> d_y, matrix_view<const Real> x,
                         std::span<const Real> scale, layer_norm_statistics<const Real> statistics,
                         matrix_view<Real> d_x, std::span<Real> d_scale, std::span<Real> d_shift) {
  using row_vector = Eigen::Array<Real, 1, Eigen::Dynamic>;
  const auto scales = as_eigen(scale);
  const auto channels = eigen_index(scale.size());
  const auto parts = static_cast<std::size_t>(threads);
  std::vector<row_vector> scale_parts(parts, row_vector::Zero(channels));
  std::vector<row_vector> shift_parts(parts, row_vector::Zero(channels));
  parallel_ranges(
      threads, x.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t part) {
        row_vector normalized(channels), weighted(channels);
        for (std::size_t row = begin; row < end; ++row) {
          const auto d_out = as_eigen_row(d_y, row);
          normalized =
              (as_eigen_row(x, row) - statistics.mean[row]) * statistics.inverse_deviation[row];
          scale_parts[part] += d_out * normalized;
          shift_parts[part] += d_out;
          weighted = d_out * scales;
          as_eigen_row(d_x, row) +=
              (weighted - weighted.mean() - normalized * (weighted * normalized).mean()) *
              statistics.inverse_deviation[row];
        }
      });
  // in order, for the same bits with the same number of threads
  for (std::size_t part = 0; part < parts; ++part) {
    if (!d_scale.empty()) as_eigen(d_scale) += scale_parts[part];
    if (!d_shift.empty()) as_eigen(d_shift) += shift_parts[part];
  }
}

}  // namespace prefopt::inline v0_2::detail
