// SPDX-License-Identifier: MIT
#pragma once
// linear_backend: linear layers, alone and fused with what follows or precedes them.

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

#include "prefopt/backend/activations.hpp"
#include "prefopt/backend/weight_matrix.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// Activation of the feed-forward layer. `gelu_new` is the tanh form of Hendrycks & Gimpel 2016,
/// arXiv:1606.08415, section 2; `gelu` is the exact x * Phi(x); `silu` is x * sigmoid(x), section 4
/// there.
enum class activation_function { gelu_new, gelu, silu };

/// How a linear layer's weight W [in, out] is stored: as [in, out], as in GPT-2's files, or
/// transposed as [out, in], as in files of PyTorch's `nn.Linear`.
enum class weight_order { in_out, out_in };

/// The weight W of a linear layer, in the order of its file, or, if `Value` is not const, its
/// gradient. A plain matrix_view converts to it as [in, out].
template <class Value>
struct linear_weight {
  stored_weight<Value> values;
  weight_order order = weight_order::in_out;

  linear_weight() = default;
  template <class Matrix>
    requires std::convertible_to<Matrix, stored_weight<Value>>
  constexpr linear_weight(const Matrix& stored, weight_order stored_as = weight_order::in_out)
      : values(stored), order(stored_as) {}

  /// A writable weight converts to a read-only one.
  template <class U>
    requires(std::is_const_v<Value> && std::is_same_v<U, std::remove_const_t<Value>>)
  constexpr linear_weight(const linear_weight<U>& other)
      : values(other.values), order(other.order) {}

  [[nodiscard]] constexpr std::size_t in() const {
    return values.extent(order == weight_order::in_out ? 0 : 1);
  }
  [[nodiscard]] constexpr std::size_t out() const {
    return values.extent(order == weight_order::in_out ? 1 : 0);
  }
};

template <class Value>
linear_weight(matrix_view<Value>, weight_order = weight_order::in_out) -> linear_weight<Value>;

/// Can run linear layers.
/// Needs: activation_backend and, with a weight W [in, out] in either order and bias [out],
///
/// - `linear(x, weight, bias, y)`: y [N, out] = x [N, in] W + bias.
/// - `linear_residual(x, weight, bias, residual, y)`: y = residual + x W + bias.
/// - `linear_backward(d_y, x, weight, d_x, d_weight, d_bias)`, of both: assigns d_x; adds to
///   d_weight, which has the order of weight, and to d_bias.
/// - `activate(activation, inner, y)`: y = activation(inner), element by element.
/// - `linear_activate(x, weight, bias, activation, inner, y)`: inner = x W + bias,
///   y = activation(inner).
/// - `activated_linear_backward(d_y, x, weight, activation, inner, d_inner, d_weight, d_bias)`, of
///   linear for x = activation(inner): assigns d_inner in place of d_x.
///
/// A layer without a bias has an empty `bias` and an empty `d_bias`. A gradient that is not needed,
/// because its parameter is frozen, is passed empty too and not computed: a `d_weight` without
/// rows, for which x is not read, or a `d_bias` without elements.
///
/// Law: a fused operation gives what its parts give one after the other, up to rounding; so does a
/// weight in either order; a weight stored as bfloat16 gives the bits of its numbers; and a row's
/// output does not depend on the other rows.
template <class M>
concept linear_backend =
    activation_backend<M> &&
    requires(const M& backend, matrix_view<typename M::activation_type> out,
             matrix_view<const typename M::activation_type> in,
             linear_weight<const typename M::value_type> weight,
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

}  // namespace prefopt::inline v0_2
