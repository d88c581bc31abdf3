// SPDX-License-Identifier: MIT
#pragma once
// Eigen's dense types as tensors: matrices, arrays, maps, references, blocks and lazy expressions.
// Eigen's vectors (one row or one column at compile time) have rank 1, the others rank 2.

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include <Eigen/Core>

#include "prefopt/core/tensor.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

template <class Derived>
std::true_type is_eigen_dense(const Eigen::DenseBase<Derived>&);

template <class T>
inline constexpr bool is_eigen_map = false;
template <class Plain, int Alignment>
inline constexpr bool is_eigen_map<Eigen::Map<Plain, Alignment, Eigen::Stride<0, 0>>> = true;

/// Owners, and maps without gaps.
template <class T>
concept eigen_without_gaps = is_eigen_map<T> || requires(const T& t) {
  []<class Derived>(const Eigen::PlainObjectBase<Derived>&) {}(t);
};

template <class T>
inline constexpr bool is_eigen_vector = static_cast<bool>(T::IsVectorAtCompileTime);

/// Elements in memory, contiguous in row-major order.
template <class T>
concept eigen_row_major_run =
    ((T::Flags & Eigen::DirectAccessBit) != 0) &&
    (is_eigen_vector<T> ? T::InnerStrideAtCompileTime == 1
                        : static_cast<bool>(T::IsRowMajor) && eigen_without_gaps<T>);

}  // namespace detail

/// An Eigen expression whose elements have a row and a column.
template <class T>
concept eigen_dense = requires(const T& expression) { detail::is_eigen_dense(expression); };

template <eigen_dense T>
struct tensor_traits<T> {
  using value_type = typename T::Scalar;
  static constexpr std::size_t rank = detail::is_eigen_vector<T> ? 1 : 2;
  static constexpr memory_space space = memory_space::host;

  [[nodiscard]] static std::array<std::size_t, rank> extents(const T& expression) {
    if constexpr (rank == 1) {
      return {static_cast<std::size_t>(expression.size())};
    } else {
      return {static_cast<std::size_t>(expression.rows()),
              static_cast<std::size_t>(expression.cols())};
    }
  }

  static void copy(const T& expression, value_type* to) {
    constexpr int rows = T::RowsAtCompileTime, columns = T::ColsAtCompileTime;
    // Eigen requires it for columns
    constexpr int order = columns == 1 && rows != 1 ? Eigen::ColMajor : Eigen::RowMajor;
    using target = Eigen::Matrix<value_type, rows, columns, order>;
    // noalias: `to` is new memory, so a product needs no temporary.
    Eigen::Map<target>(to, expression.rows(), expression.cols()).noalias() = expression.matrix();
  }

  [[nodiscard]] static auto data(T& tensor)
    requires detail::eigen_row_major_run<T>
  {
    return tensor.data();
  }
  [[nodiscard]] static auto data(const T& tensor)
    requires detail::eigen_row_major_run<T>
  {
    return tensor.data();
  }
};

}  // namespace prefopt::inline v0_2
