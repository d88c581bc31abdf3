// SPDX-License-Identifier: MIT
#pragma once
// The library's views as Eigen maps.

#include <cstddef>
#include <span>
#include <type_traits>

#include <Eigen/Core>

#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2::detail {

template <class Value>
using row_major =
    Eigen::Matrix<std::remove_const_t<Value>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Value>
using maybe_const =
    std::conditional_t<std::is_const_v<Value>, const row_major<Value>, row_major<Value>>;

/// The distance between rows may exceed their length.
template <class Value>
using matrix_map = Eigen::Map<maybe_const<Value>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class Value>
using row_map =
    Eigen::Map<std::conditional_t<std::is_const_v<Value>,
                                  const Eigen::Array<std::remove_const_t<Value>, 1, Eigen::Dynamic>,
                                  Eigen::Array<Value, 1, Eigen::Dynamic>>>;

[[nodiscard]] inline Eigen::Index eigen_index(std::size_t i) {
  return static_cast<Eigen::Index>(i);
}

template <class Value>
[[nodiscard]] matrix_map<Value> as_eigen(matrix_view<Value> view) {
  return {view.data(), eigen_index(view.extent(0)), eigen_index(view.extent(1)),
          Eigen::OuterStride<>(eigen_index(view.stride(0)))};
}

template <class Value>
[[nodiscard]] row_map<Value> as_eigen(std::span<Value> values) {
  return {values.data(), eigen_index(values.size())};
}

template <class Value>
[[nodiscard]] row_map<Value> as_eigen_row(matrix_view<Value> view, std::size_t row) {
  return {view.data() + row * view.stride(0), eigen_index(view.extent(1))};
}

template <class Value>
[[nodiscard]] row_map<Value> as_eigen_head(tensor_view<Value, 3> view, std::size_t row,
                                           std::size_t head) {
  return {&view(row, head, 0), eigen_index(view.extent(2))};
}

}  // namespace prefopt::inline v0_2::detail
