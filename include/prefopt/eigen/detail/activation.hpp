// SPDX-License-Identifier: MIT
#pragma once
// The two forms of GELU and SiLU (Hendrycks & Gimpel 2016, arXiv:1606.08415), element by element,
// and their slopes. They run on each block of a product when it is finished.

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <type_traits>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/detail/maps.hpp"

namespace prefopt::inline v0_2::detail {

/// tanh's argument in gelu_new: sqrt(2 / pi) (x + 0.044715 x^3).
template <class Real>
inline constexpr Real gelu_slope = static_cast<Real>(0.79788456080286535588);
template <class Real>
inline constexpr Real gelu_cubic = static_cast<Real>(0.044715);

/// exp(-x) and its reciprocal are normal numbers for |x| up to here. SiLU and its slope take an x
/// beyond as this: below, both are less than 1e-33 from 0; above, the sigmoid is 1.
template <class Real>
inline constexpr Real silu_bound = std::is_same_v<Real, float> ? Real(87) : Real(708);

/// Calls store(y, values) with runs of y and of values = function(x), computed in whole aligned
/// vectors, the last one filled up: Eigen's exp differs between vectors and single elements, so
/// otherwise an element's bits would depend on where it lies.
template <class Real, class Function, class Store>
void in_whole_vectors(std::span<const Real> x, std::span<Real> y, const Function& function,
                      const Store& store) {
  constexpr std::size_t size = 64;
  using run = Eigen::Array<Real, 1, size>;
  for (; x.size() >= size; x = x.subspan(size), y = y.subspan(size))
    store(Eigen::Map<run>(y.data()), function(run(Eigen::Map<const run>(x.data()))));
  if (x.empty()) return;
  run last = run::Zero();
  last.head(eigen_index(x.size())) = as_eigen(x);
  store(as_eigen(y), function(last).head(eigen_index(x.size())));
}

template <class Real>
void silu(std::span<const Real> x, std::span<Real> y) {
  const auto function = [](const auto& in) {
    const auto kept = in.max(-silu_bound<Real>).eval();
    return (kept / (1 + (-kept).exp())).eval();
  };
  in_whole_vectors(x, y, function, [](auto out, const auto& values) { out = values; });
}

/// d = d * silu'(x), with s = sigmoid(x): s (1 + x (1 - s)), where 1 - s = exp(-x) s.
template <class Real>
void silu_backward(std::span<const Real> x, std::span<Real> d) {
  const auto function = [](const auto& in) {
    const auto kept = in.max(-silu_bound<Real>).min(silu_bound<Real>).eval();
    const auto exps = (-kept).exp().eval();
    const auto sigmoids = (1 / (1 + exps)).eval();
    return (sigmoids * (1 + kept * (exps * sigmoids))).eval();
  };
  in_whole_vectors(x, d, function, [](auto out, const auto& slopes) { out *= slopes; });
}

/// y = activation(x), of equal length.
template <class Real>
void activate(activation_function activation, std::span<const Real> x, std::span<Real> y) {
  const auto in = as_eigen(x);
  auto out = as_eigen(y);
  if (activation == activation_function::gelu_new)
    out = Real(0.5) * in *
          (1 + (gelu_slope<Real> * in * (1 + gelu_cubic<Real> * in.square())).tanh());
  else if (activation == activation_function::silu)
    silu(x, y);
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
  } else if (activation == activation_function::silu) {
    silu_backward(x, d);
  } else {
    slope *= in.unaryExpr([](Real v) {
      const Real normal =
          std::exp(-v * v / 2) * (std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real>);
      return Real(0.5) * (1 + std::erf(v * (std::numbers::sqrt2_v<Real> / 2))) + v * normal;
    });
  }
}

}  // namespace prefopt::inline v0_2::detail
