// SPDX-License-Identifier: MIT
#pragma once
// The gate of a gated feed-forward layer (Shazeer 2020, arXiv:2002.05202) and its backward pass,
// element by element.
//
// Legend: inner, d_inner [N, 2 I], whose rows are gate | up; y, d_y [N, I].

#include <cstddef>

#include "prefopt/backend/linear.hpp"
#include "prefopt/cuda/detail/activation.hpp"
#include "prefopt/cuda/detail/kernel.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

/// y = activation(gate) * up.
template <class T>
struct gate_kernel {
  activation_function activation;
  device_rows<const T> inner;
  device_rows<T> y;
  std::size_t columns;  // I

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t), row = t.block(0);
    if (column >= columns) return;
    const float gate = widen(inner[row][column]), up = widen(inner[row][columns + column]);
    y[row][column] = narrow<T>(activated(activation, gate) * up);
  }
};

/// Assigns d_inner.
template <class T>
struct gate_backward_kernel {
  activation_function activation;
  device_rows<const T> d_y, inner;
  device_rows<T> d_inner;
  std::size_t columns;  // I

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t), row = t.block(0);
    if (column >= columns) return;
    const float d = widen(d_y[row][column]);
    const float gate = widen(inner[row][column]), up = widen(inner[row][columns + column]);
    d_inner[row][column] = narrow<T>(d * up * slope_at(activation, gate));
    d_inner[row][columns + column] = narrow<T>(d * activated(activation, gate));
  }
};

}  // namespace prefopt::inline v0_2::detail
