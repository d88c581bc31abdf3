// SPDX-License-Identifier: MIT
#pragma once
// Root mean square normalization of each head of each row (Zhang & Sennrich 2019, arXiv:1910.07467)
// and its backward pass.
//
// Sums run over expressions, not over memory: Eigen then starts its vectors at the first element,
// wherever a row lies, and a row's bits depend on nothing but its numbers.
//
// Legend: x, y [N, H, D]; scale [D]; inverse_deviations [N, H].

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/core/view.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2::detail {

template <class Real>
void rms_norm(int threads, tensor_view<const Real, 3> x, std::span<const Real> scale,
              double epsilon, tensor_view<Real, 3> y, matrix_view<Real> inverse_deviations) {
  const auto scales = as_eigen(scale);
  parallel_ranges(threads, x.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row)
      for (std::size_t head = 0; head < x.extent(1); ++head) {
        const auto in = as_eigen_head(x, row, head);
        const Real inverse = 1 / std::sqrt(in.square().mean() + static_cast<Real>(epsilon));
        as_eigen_head(y, row, head) = in * inverse * scales;
        inverse_deviations(row, head) = inverse;
      }
  });
}

/// Adds to d_x, and to d_scale unless it is empty.
template <class Real>
void rms_norm_backward(int threads, tensor_view<const Real, 3> d_y, tensor_view<const Real, 3> x,
                       std::span<const Real> scale, matrix_view<const Real> inverse_deviations,
                       tensor_view<Real, 3> d_x, std::span<Real> d_scale) {
  using row_vector = Eigen::Array<Real, 1, Eigen::Dynamic>;
  const auto scales = as_eigen(scale);
  const auto channels = eigen_index(scale.size());
  const auto parts = static_cast<std::size_t>(threads);
  std::vector<row_vector> scale_parts(parts, row_vector::Zero(channels));
  parallel_ranges(threads, x.extent(0), 1,
                  [&](std::size_t begin, std::size_t end, std::size_t part) {
                    row_vector normalized(channels), weighted(channels);
                    for (std::size_t row = begin; row < end; ++row)
                      for (std::size_t head = 0; head < x.extent(1); ++head) {
                        const Real inverse = inverse_deviations(row, head);
                        const auto d_out = as_eigen_head(d_y, row, head);
                        normalized = as_eigen_head(x, row, head) * inverse;
                        scale_parts[part] += d_out * normalized;
                        weighted = d_out * scales;
                        const Real along = (weighted * normalized).mean();
                        weighted = (weighted - normalized * along) * inverse;
                        as_eigen_head(d_x, row, head) += weighted;
                      }
                  });
  // in order, for the same bits with the same number of threads
  if (d_scale.empty()) return;
  for (const row_vector& part : scale_parts) as_eigen(d_scale) += part;
}

}  // namespace prefopt::inline v0_2::detail
