// SPDX-License-Identifier: MIT
#pragma once
// Eigen's dense types as tensors: matrices, arrays, maps, references, blocks and lazy expressions. What Eigen calls
// a vector (one row or one column at compile time) has rank 1, the rest rank 2.

#include <Eigen/Core>
#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "prefopt/core/tensor.hpp"

namespace prefopt {

namespace detail {

template <class Derived>
std::true_type is_eigen_dense(const Eigen::DenseBase<Derived>&);

template <class T>
inline constexpr bool is_eigen_map = false;
template <class Plain, int Alignment>
inline constexpr bool is_eigen_map<Eigen::Map<Plain, Alignment, Eigen::Stride<0, 0>>> = true;

/// Owners and maps that leave no gaps.
template <class T>
concept eigen_without_gaps = is_eigen_map<T> || requires(const T& t) {
  []<class Derived>(const Eigen::PlainObjectBase<Derived>&) {}(t);
};

template <class T>
concept eigen_addressable = (T::Flags & Eigen::DirectAccessBit) != 0;

template <class T>
concept eigen_row_major_run = eigen_addressable<T> &&
    ((T::IsVectorAtCompileTime && T::InnerStrideAtCompileTime == 1) ||
     (!T::IsVectorAtCompileTime && T::IsRowMajor && eigen_without_gaps<T>));

}  // namespace detail

/// An expression of Eigen whose elements have a row and a column.
template <class T>
concept eigen_dense = requires(const T& expression) {
  detail::is_eigen_dense(expression);
};

template <eigen_dense T>
struct tensor_traits<T> {
  using value_type = typename T::Scalar;
  static constexpr std::size_t rank = T::IsVectorAtCompileTime ? 1 : 2;
  static constexpr memory_space space = memory_space::host;

  [[nodiscard]] static std::array<std::size_t, rank> extents(const T& expression) {
    if constexpr (rank == 1) {
      return {static_cast<std::size_t>(expression.size())};
    } else {
      return {static_cast<std::size_t>(expression.rows()), static_cast<std::size_t>(expression.cols())};
    }
  }

  static void copy(const T& expression, value_type* to) {
    using row_major = Eigen::Matrix<value_type, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    // noalias: `to` is new memory, so a product needs no temporary.
    Eigen::Map<row_major>(to, expression.rows(), expression.cols()).noalias() = expression.matrix();
  }

  [[nodiscard]] static auto data(T& tensor) requires detail::eigen_row_major_run<T> { return tensor.data(); }
  [[nodiscard]] static auto data(const T& tensor) requires detail::eigen_row_major_run<T> { return tensor.data(); }
};

}  // namespace prefopt
