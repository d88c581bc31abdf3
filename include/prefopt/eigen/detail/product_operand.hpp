// SPDX-License-Identifier: MIT
#pragma once
// An operand of a matrix product. To the product, both operands look alike: a matrix [outer, depth]
// that is summed over its depth. `outer` counts rows of the left operand or columns of the right
// one, and one of its two strides is 1.

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/backend/weight_matrix.hpp"
#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2::detail {

template <class Real>
struct product_operand {
  const Real* data;
  std::size_t outer, depth;
  std::size_t outer_stride, depth_stride;
  const bfloat16* rounded = nullptr;  // in place of data if it is stored as bfloat16

  [[nodiscard]] product_operand part(std::size_t outer_begin, std::size_t outer_end,
                                     std::size_t depth_begin, std::size_t depth_end) const {
    const std::size_t offset = outer_begin * outer_stride + depth_begin * depth_stride;
    // An operand without elements may have a null pointer, which takes no offset.
    return {data == nullptr ? nullptr : data + offset,
            outer_end - outer_begin,
            depth_end - depth_begin,
            outer_stride,
            depth_stride,
            rounded == nullptr ? nullptr : rounded + offset};
  }

  /// The operand with its numbers as they are, or widened into `room`.
  [[nodiscard]] product_operand widened(std::vector<Real>& room) const {
    if (rounded == nullptr) return *this;
    const bool along_depth = depth_stride == 1;
    const std::size_t runs = along_depth ? outer : depth, length = along_depth ? depth : outer,
                      stride = along_depth ? outer_stride : depth_stride;
    if (room.size() < runs * length) room.resize(runs * length);
    for (std::size_t run = 0; run < runs; ++run)
      for (std::size_t i = 0; i < length; ++i)
        room[run * length + i] = static_cast<Real>(static_cast<float>(rounded[run * stride + i]));
    return {room.data(), outer, depth, along_depth ? length : 1, along_depth ? 1 : length};
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

/// The same for a weight, however it is stored.
template <class Real>
[[nodiscard]] product_operand<Real> weight_rows(const weight_matrix<Real>& weight) {
  return weight.visit([](const auto& matrix) -> product_operand<Real> {
    if constexpr (std::is_same_v<decltype(matrix.data()), const bfloat16*>)
      return {nullptr, matrix.extent(0), matrix.extent(1), matrix.stride(0), 1, matrix.data()};
    else
      return outer_rows<Real>(matrix);
  });
}
template <class Real>
[[nodiscard]] product_operand<Real> weight_columns(const weight_matrix<Real>& weight) {
  product_operand<Real> turned = weight_rows<Real>(weight);
  std::swap(turned.outer, turned.depth);
  std::swap(turned.outer_stride, turned.depth_stride);
  return turned;
}

}  // namespace prefopt::inline v0_2::detail
