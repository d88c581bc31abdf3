// SPDX-License-Identifier: MIT
#pragma once
// norm_backend: normalization of rows.

#include <span>

#include "prefopt/backend/activations.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// The shift and scale of each row, which normalization keeps for its backward.
template <class Value>
struct layer_norm_statistics {
  std::span<Value> mean;               ///< [N]
  std::span<Value> inverse_deviation;  ///< [N] 1 / sqrt(variance + epsilon)
};

/// Can normalize rows.
/// Needs: activation_backend and
///
/// - `layer_norm(x, scale, shift, epsilon, y, statistics)`: y [N, C] = (x - mean) / sqrt(variance +
///   epsilon) * scale + shift, and the statistics [N] (Ba et al. 2016, arXiv:1607.06450; the
///   variance divides by C).
/// - `layer_norm_backward(d_y, x, scale, statistics, d_x, d_scale, d_shift)` adds to d_x, d_scale
/// and
///   d_shift; those that are empty are not computed.
///
/// Law: a row's output does not depend on the other rows.
template <class M>
concept norm_backend =
    activation_backend<M> &&
    requires(const M& backend, matrix_view<typename M::activation_type> out,
             matrix_view<const typename M::activation_type> in,
             std::span<const typename M::value_type> weight,
             std::span<typename M::value_type> d_weight,
             layer_norm_statistics<typename M::value_type> statistics,
             layer_norm_statistics<const typename M::value_type> read_statistics, double epsilon) {
      backend.layer_norm(in, weight, weight, epsilon, out, statistics);
      backend.layer_norm_backward(in, in, weight, read_statistics, out, d_weight, d_weight);
    };

}  // namespace prefopt::inline v0_2
