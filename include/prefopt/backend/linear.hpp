// SPDX-License-Identifier: MIT
#pragma once
// linear_backend: linear layers, alone and fused with what follows or precedes them.

#include <span>

#include "prefopt/backend/activations.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt {

/// Activation of the feed-forward layer. `gelu_new` is the tanh form of Hendrycks & Gimpel 2016,
/// arXiv:1606.08415, section 2; `gelu` is the exact x * Phi(x); `silu` is x * sigmoid(x), section 4
/// there.
enum class activation_function { gelu_new, gelu, silu };

/// Can run linear layers.
/// Needs: activation_backend and, with weight [in, out] and bias [out],
///
/// - `linear(x, weight, bias, y)`: y [N, out] = x [N, in] weight + bias.
/// - `linear_residual(x, weight, bias, residual, y)`: y = residual + x weight + bias.
/// - `linear_backward(d_y, x, weight, d_x, d_weight, d_bias)`, of both: assigns d_x; adds to
/// d_weight
///   and d_bias.
/// - `activate(activation, inner, y)`: y = activation(inner), element by element.
/// - `linear_activate(x, weight, bias, activation, inner, y)`: inner = x weight + bias, y =
///   activation(inner).
/// - `activated_linear_backward(d_y, x, weight, activation, inner, d_inner, d_weight, d_bias)`, of
///   linear for x = activation(inner): assigns d_inner in place of d_x.
///
/// Law: a fused operation gives what its parts give one after the other, up to rounding, and a
/// row's output does not depend on the other rows.
template <class M>
concept linear_backend =
    activation_backend<M> &&
    requires(const M& backend, matrix_view<typename M::activation_type> out,
             matrix_view<const typename M::activation_type> in,
             matrix_view<const typename M::value_type> weight,
             std::span<const typename M::value_type> bias,
             matrix_view<typename M::value_type> d_weight, std::span<typename M::value_type> d_bias,
             activation_function activation) {
      backend.linear(in, weight, bias, out);
      backend.linear_residual(in, weight, bias, in, out);
      backend.linear_backward(in, in, weight, out, d_weight, d_bias);
      backend.activate(activation, in, out);
      backend.linear_activate(in, weight, bias, activation, out, out);
      backend.activated_linear_backward(in, in, weight, activation, in, out, d_weight, d_bias);
    };

}  // namespace prefopt
