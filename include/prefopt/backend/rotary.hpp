// SPDX-License-Identifier: MIT
#pragma once
// rotary_backend: positions as rotations of queries and keys.

#include <cstdint>
#include <span>

#include "prefopt/backend/activations.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// `inverse` rotates back what `forward` rotated.
enum class rotation { forward, inverse };

/// Can rotate the heads of queries and keys by angles that grow with the position (Su et al. 2021,
/// arXiv:2104.09864, section 3.2.2).
/// Needs: activation_backend and, for even D,
///
/// - `rotation_table(positions, inverse_frequencies, table)`: table [N, D] = the cosines of a row's
///   D/2 angles, then their sines; angle i = position * inverse_frequencies[i], in double.
///   positions [N] and inverse_frequencies [D/2] lie in host memory.
/// - `rotate(table, direction, x)`: in place, rotates the pairs (i, i + D/2) of each head of x
///   [N, H, D] by angle i of the head's row, or by its negative: forward, (a, b) becomes
///   (a cos - b sin, b cos + a sin). These are the pairs of Hugging Face's `rotate_half`. The
///   backward of one direction is the other, applied to the gradient in place.
///
/// Law: a rotation and its inverse give the identity up to rounding, and the product of a rotated
/// query and a rotated key depends only on the difference of their positions.
template <class M>
concept rotary_backend =
    activation_backend<M> &&
    requires(const M& backend, std::span<const std::int32_t> positions,
             std::span<const double> inverse_frequencies, matrix_view<typename M::value_type> table,
             matrix_view<const typename M::value_type> read_table, rotation direction,
             tensor_view<typename M::activation_type, 3> heads) {
      backend.rotation_table(positions, inverse_frequencies, table);
      backend.rotate(read_table, direction, heads);
    };

}  // namespace prefopt::inline v0_2
