// SPDX-License-Identifier: MIT
#pragma once
// xtensor's containers, adaptors, views and lazy expressions as tensors. The rank is the one that
// the shape's type knows: that of xt::xtensor and expressions of it; an xt::xarray knows its rank
// only at run time.

#if __has_include(<xtensor/core/xexpression.hpp>)  // after 0.24 the headers are in folders
#include <xtensor/core/xexpression.hpp>
#include <xtensor/core/xlayout.hpp>
#else
#include <xtensor/xexpression.hpp>
#include <xtensor/xlayout.hpp>
#endif

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include "prefopt/core/tensor.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

template <class Shape>
inline constexpr std::size_t xtensor_rank = dynamic_rank;
template <class Shape>
  requires requires { std::tuple_size<Shape>::value; }
inline constexpr std::size_t xtensor_rank<Shape> = std::tuple_size<Shape>::value;

/// Owners and adaptors of owned layout; views have their own strides.
template <class T>
concept xtensor_row_major_run = T::static_layout == xt::layout_type::row_major &&
                                T::contiguous_layout && requires(const T& tensor) {
                                  {
                                    tensor.data()
                                  } -> std::convertible_to<const typename T::value_type*>;
                                  tensor.data_offset();
                                };

}  // namespace detail

/// Any type derived from xt::xexpression.
template <class T>
concept xtensor_expression = xt::is_xexpression<T>::value;

template <xtensor_expression T>
struct tensor_traits<T> {
  using value_type = typename T::value_type;
  static constexpr std::size_t rank =
      detail::xtensor_rank<std::remove_cvref_t<typename T::shape_type>>;
  static constexpr memory_space space = memory_space::host;

  [[nodiscard]] static const auto& extents(const T& expression) { return expression.shape(); }

  static void copy(const T& expression, value_type* to) {
    std::copy(expression.template begin<xt::layout_type::row_major>(),
              expression.template end<xt::layout_type::row_major>(), to);
  }

  [[nodiscard]] static auto data(T& tensor)
    requires detail::xtensor_row_major_run<T>
  {
    return tensor.data() + tensor.data_offset();
  }
  [[nodiscard]] static auto data(const T& tensor)
    requires detail::xtensor_row_major_run<T>
  {
    return tensor.data() + tensor.data_offset();
  }
};

}  // namespace prefopt::inline v0_2
