// SPDX-License-Identifier: MIT
#pragma once
// A matrix product as requested from a device: out [m, n] = (addend +) left [m, k] right [k, n],
// and the finish of each element. Matrices are row-major; either operand may be given transposed.

#include <cstddef>

#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2::detail {

/// The finish: what a product does to an element x of its result, beyond adding a bias [n].
enum class product_finish {
  none,
  gelu,           ///< before [m, n] = x, out = gelu_new(x)
  gelu_backward,  ///< out = x * gelu_new'(before)
};

/// Operands of type In; sums in float; result and addend of type Out.
template <class In, class Out>
struct device_product {
  matrix_view<Out> out;         ///< [m, n]
  matrix_view<const In> left;   ///< [m, k], or [k, m]
  matrix_view<const In> right;  ///< [k, n], or [n, k]
  bool left_is_transposed = false;
  bool right_is_transposed = false;
  matrix_view<const Out> addend = {};  ///< [m, n], may be `out` itself; empty: nothing is added
  const float* bias = nullptr;         ///< [n]
  product_finish finish = product_finish::none;
  matrix_view<Out> before = {};  ///< [m, n]: gelu writes it, gelu_backward reads it
};

}  // namespace prefopt::inline v0_2::detail
