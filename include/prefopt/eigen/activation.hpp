// SPDX-License-Identifier: MIT
#pragma once
// GELU in its two forms (Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2), element by element, and the adjoints.

#include <cmath>
#include <cstddef>
#include <numbers>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/maps.hpp"
#include "prefopt/eigen/parallel.hpp"

namespace prefopt::detail {

/// tanh's argument in gelu_new: sqrt(2 / pi) (x + 0.044715 x^3).
template <class Real>
inline constexpr Real gelu_slope = static_cast<Real>(0.79788456080286535588);
template <class Real>
inline constexpr Real gelu_cubic = static_cast<Real>(0.044715);

template <class Real>
void activate(int threads, activation_function activation, matrix_view<const Real> x, matrix_view<Real> y) {
  parallel_ranges(threads, x.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto in = as_eigen_row(x, row);
      auto out = as_eigen_row(y, row);
      if (activation == activation_function::gelu_new)
        out = Real(0.5) * in * (1 + (gelu_slope<Real> * in * (1 + gelu_cubic<Real> * in.square())).tanh());
      else
        out =
            in.unaryExpr([](Real v) { return Real(0.5) * v * (1 + std::erf(v * (std::numbers::sqrt2_v<Real> / 2))); });
    }
  });
}

/// d [N, I] holds d loss / d y and becomes d loss / d x.
template <class Real>
void activate_backward(int threads, activation_function activation, matrix_view<const Real> x, matrix_view<Real> d) {
  using row_vector = Eigen::Array<Real, 1, Eigen::Dynamic>;
  parallel_ranges(threads, x.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    row_vector tanh(eigen_index(x.extent(1)));
    for (std::size_t row = begin; row < end; ++row) {
      const auto in = as_eigen_row(x, row);
      auto slope = as_eigen_row(d, row);
      if (activation == activation_function::gelu_new) {
        tanh = (gelu_slope<Real> * in * (1 + gelu_cubic<Real> * in.square())).tanh();
        slope *= Real(0.5) * (1 + tanh) +
                 Real(0.5) * in * (1 - tanh.square()) * gelu_slope<Real> * (1 + 3 * gelu_cubic<Real> * in.square());
      } else {
        slope *= in.unaryExpr([](Real v) {
          const Real normal = std::exp(-v * v / 2) * (std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real>);
          return Real(0.5) * (1 + std::erf(v * (std::numbers::sqrt2_v<Real> / 2))) + v * normal;
        });
      }
    }
  });
}

}  // namespace prefopt::detail
