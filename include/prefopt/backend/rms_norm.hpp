// SPDX-License-Identifier: MIT
#pragma once
// rms_norm_backend: normalization of rows by their root mean square.

#include <span>

#include "prefopt/backend/activations.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// Can normalize rows, or the heads of each row, by their root mean square.
/// Needs: activation_backend and, with x and y [N, H, D], scale [D] and inverse_deviations [N, H],
///
/// - `rms_norm(x, scale, epsilon, y, inverse_deviations)`: y = x * inverse_deviation * scale, with
///   inverse_deviation = 1 / sqrt(mean of x^2 over D + epsilon) (Zhang & Sennrich 2019,
///   arXiv:1910.07467, eq. 4, with the epsilon of later models).
/// - `rms_norm_backward(d_y, x, scale, inverse_deviations, d_x, d_scale)` adds to d_x [N, H, D] and
///   d_scale [D].
///
/// Rows of a matrix [N, C] are the case H = 1, which `split_columns(matrix)` views. Heads may lie
/// in a wider matrix, as those of q and k do in q|k|v.
///
/// Law: a row's output does not depend on the other rows.
template <class M>
concept rms_norm_backend =
    activation_backend<M> &&
    requires(const M& backend, tensor_view<typename M::activation_type, 3> out,
             tensor_view<const typename M::activation_type, 3> in,
             std::span<const typename M::value_type> scale,
             std::span<typename M::value_type> d_scale,
             matrix_view<typename M::value_type> inverse_deviations,
             matrix_view<const typename M::value_type> read_inverse_deviations, double epsilon) {
      backend.rms_norm(in, scale, epsilon, out, inverse_deviations);
      backend.rms_norm_backward(in, in, scale, read_inverse_deviations, out, d_scale);
    };

}  // namespace prefopt::inline v0_2
