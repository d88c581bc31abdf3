// SPDX-License-Identifier: MIT
#pragma once
// The two forms of GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2), element by element,
// and their slopes. They run on each block of a product when it is finished.

#include <cmath>
#include <numbers>
#include <span>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/detail/maps.hpp"

namespace prefopt::inline v0_2::detail {

/// tanh's argument in gelu_new: sqrt(2 / pi) (x + 0.044715 x^3).
template <class Real>
inline constexpr Real gelu_slope = static_cast<Real>(0.79788456080286535588);
template <class Real>
inline constexpr Real gelu_cubic = static_cast<Real>(0.044715);

/// y = activation(x), of equal length.
template <class Real>
void activate(activation_function activation, std::span<const Real> x, std::span<Real> y) {
  const auto in = as_eigen(x);
  auto out = as_eigen(y);
  if (activation == activation_function::gelu_new)
    out = Real(0.5) * in *
          (1 + (gelu_slope<Real> * in * (1 + gelu_cubic<Real> * in.square())).tanh());
  else
    out = in.unaryExpr([](Real v) {
      return Real(0.5) * v * (1 + std::erf(v * (std::numbers::sqrt2_v<Real> / 2)));
    });
}

/// d = d * activation'(x): turns d loss / d y into d loss / d x.
template <class Real>
void activate_backward(activation_function activation, std::span<const Real> x, std::span<Real> d) {
  const auto in = as_eigen(x);
  auto slope = as_eigen(d);
  if (activation == activation_function::gelu_new) {
    thread_local Eigen::Array<Real, 1, Eigen::Dynamic> tanh;
    tanh = (gelu_slope<Real> * in * (1 + gelu_cubic<Real> * in.square())).tanh();
    slope *= Real(0.5) * (1 + tanh) + Real(0.5) * in * (1 - tanh.square()) * gelu_slope<Real> *
                                          (1 + 3 * gelu_cubic<Real> * in.square());
  } else {
    slope *= in.unaryExpr([](Real v) {
      const Real normal =
          std::exp(-v * v / 2) * (std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real>);
      return Real(0.5) * (1 + std::erf(v * (std::numbers::sqrt2_v<Real> / 2))) + v * normal;
    });
  }
}

}  // namespace prefopt::inline v0_2::detail
