// SPDX-License-Identifier: MIT
#pragma once
// gated_backend: the gate of a gated feed-forward layer.

#include "prefopt/backend/activations.hpp"
#include "prefopt/backend/linear.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// Can gate a feed-forward layer (Shazeer 2020, arXiv:2002.05202, eq. 6; SwiGLU with silu).
/// Needs: activation_backend and, with inner [N, 2 I], whose rows are gate | up,
///
/// - `gate(activation, inner, y)`: y [N, I] = activation(gate) * up.
/// - `gate_backward(activation, d_y, inner, d_inner)` assigns d_inner [N, 2 I].
///
/// Law: a row's output does not depend on the other rows.
template <class M>
concept gated_backend =
    activation_backend<M> && requires(const M& backend, activation_function activation,
                                      matrix_view<typename M::activation_type> out,
                                      matrix_view<const typename M::activation_type> in) {
      backend.gate(activation, in, out);
      backend.gate_backward(activation, in, in, out);
    };

}  // namespace prefopt::inline v0_2
