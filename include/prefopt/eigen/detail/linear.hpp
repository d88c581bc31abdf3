// SPDX-License-Identifier: MIT
#pragma once
// What linear layers add to a matrix product: a weight in either order as an operand, the bias, and
// the bias's gradient.
//
// Legend: weight W [in, out], y [N, out] = x [N, in] W + bias [out].

#include <cstddef>
#include <span>

#include "prefopt/backend/linear.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"
#include "prefopt/eigen/detail/product.hpp"
#include "prefopt/eigen/detail/product_operand.hpp"

namespace prefopt::inline v0_2::detail {

/// W as the right operand of x W.
template <class Real>
[[nodiscard]] product_operand<Real> weight_operand(linear_weight<const Real> weight) {
  return weight.order == weight_order::in_out ? weight_columns<Real>(weight.values)
                                              : weight_rows<Real>(weight.values);
}

/// W transposed, as the right operand of d_y Wᵀ.
template <class Real>
[[nodiscard]] product_operand<Real> transposed_weight_operand(linear_weight<const Real> weight) {
  return weight.order == weight_order::in_out ? weight_rows<Real>(weight.values)
                                              : weight_columns<Real>(weight.values);
}

/// Adds the bias, unless it is empty, to a block's part of a row.
template <class Real>
void add_bias(const block_range& block, std::span<const Real> bias, std::span<Real> row) {
  if (!bias.empty()) as_eigen(row) += as_eigen(block.of(bias));
}

/// The same with a residual, of which the block's part is given.
template <class Real>
void add_bias_and_residual(const block_range& block, std::span<const Real> bias,
                           std::span<const Real> residual, std::span<Real> row) {
  if (bias.empty())
    as_eigen(row) += as_eigen(residual);
  else
    as_eigen(row) += as_eigen(block.of(bias)) + as_eigen(residual);
}

/// Adds to sums [C] the columns of values [N, C].
template <class Real>
void add_column_sums(int threads, matrix_view<const Real> values, std::span<Real> sums) {
  const auto all = as_eigen(values);
  auto totals = as_eigen(sums);
  parallel_ranges(threads, sums.size(), 16, [&](std::size_t begin, std::size_t end, std::size_t) {
    const auto first = eigen_index(begin), count = eigen_index(end - begin);
    totals.segment(first, count) += all.middleCols(first, count).colwise().sum().array();
  });
}

}  // namespace prefopt::inline v0_2::detail
