// SPDX-License-Identifier: MIT
#pragma once
// An operand of a matrix product. To the product, both operands look alike: a matrix [outer, depth]
// that is summed over its depth. `outer` counts rows of the left operand or columns of the right
// one, and one of its two strides is 1.

#include <cstddef>

#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2::detail {

template <class Real>
struct product_operand {
  const Real* data;
  std::size_t outer, depth;
  std::size_t outer_stride, depth_stride;

  [[nodiscard]] product_operand part(std::size_t outer_begin, std::size_t outer_end,
                                     std::size_t depth_begin, std::size_t depth_end) const {
    // An operand without elements may have a null pointer, which takes no offset.
    const Real* const begin =
        data == nullptr ? data : data + outer_begin * outer_stride + depth_begin * depth_stride;
    return {begin, outer_end - outer_begin, depth_end - depth_begin, outer_stride, depth_stride};
  }
};

/// A left operand [m, k] unchanged, or a right one [n, k] to transpose.
template <class Real>
[[nodiscard]] product_operand<Real> outer_rows(matrix_view<const Real> matrix) {
  return {matrix.data(), matrix.extent(0), matrix.extent(1), matrix.stride(0), 1};
}

/// A right operand [k, n] unchanged, or a left one [k, m] to transpose.
template <class Real>
[[nodiscard]] product_operand<Real> outer_columns(matrix_view<const Real> matrix) {
  return {matrix.data(), matrix.extent(1), matrix.extent(0), 1, matrix.stride(0)};
}

}  // namespace prefopt::inline v0_2::detail
