// SPDX-License-Identifier: MIT
#pragma once
// The two forms of GELU and SiLU (Hendrycks & Gimpel 2016, arXiv:1606.08415) and their slopes,
// element by element.

#include <cmath>
#include <cstddef>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

/// (1 + tanh(u)) / 2 at the u of gelu_new, as a logistic function: it takes one exponential and
/// stays precise if the result is small.
[[nodiscard]] PREFOPT_DEVICE inline float gelu_new_share(float x) {
  return 1 / (1 + std::exp(-1.595769122f * (x + 0.044715f * x * x * x)));
}

[[nodiscard]] PREFOPT_DEVICE inline float gelu(activation_function activation, float x) {
  if (activation == activation_function::gelu_new) return x * gelu_new_share(x);
  return 0.5f * x * (1 + std::erf(x * 0.707106781f));
}

[[nodiscard]] PREFOPT_DEVICE inline float gelu_slope_at(activation_function activation, float x) {
  if (activation == activation_function::gelu_new) {
    const float share = gelu_new_share(x);
    return share + x * share * (1 - share) * 1.595769122f * (1 + 0.134145f * x * x);
  }
  return 0.5f * (1 + std::erf(x * 0.707106781f)) + x * 0.398942280f * std::exp(-0.5f * x * x);
}

[[nodiscard]] PREFOPT_DEVICE inline float activated(activation_function activation, float x) {
  if (activation == activation_function::silu) return x / (1 + std::exp(-x));
  return gelu(activation, x);
}

[[nodiscard]] PREFOPT_DEVICE inline float slope_at(activation_function activation, float x) {
  if (activation != activation_function::silu) return gelu_slope_at(activation, x);
  const float sigmoid = 1 / (1 + std::exp(-x));
  return sigmoid * (1 + x * (1 - sigmoid));
}

/// y = activation(x).
template <class T>
struct activate_kernel {
  activation_function activation;
  device_rows<const T> x;
  device_rows<T> y;
  std::size_t columns;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t), row = t.block(0);
    if (column >= columns) return;
    y[row][column] = narrow<T>(activated(activation, widen(x[row][column])));
  }
};

/// d = d * activation'(x).
template <class T>
struct activate_backward_kernel {
  activation_function activation;
  device_rows<const T> x;
  device_rows<T> d;
  std::size_t columns;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t), row = t.block(0);
    if (column >= columns) return;
    d[row][column] = narrow<T>(widen(d[row][column]) * slope_at(activation, widen(x[row][column])));
  }
};

}  // namespace prefopt::inline v0_2::detail
