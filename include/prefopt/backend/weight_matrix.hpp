// SPDX-License-Identifier: MIT
#pragma once
// weight_matrix: the numbers of a weight, to read, however they are stored. Weights that train are
// numbers of the backend; those that do not may be bfloat16, in half the memory or less.

#include <cstddef>
#include <type_traits>
#include <variant>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// A matrix of the backend's numbers `Real`, or of bfloat16, which operations widen to `Real` as
/// they read them. A matrix_view converts to it.
template <class Real>
class weight_matrix {
 public:
  using native_view = matrix_view<const Real>;
  using rounded_view = matrix_view<const bfloat16>;

  weight_matrix() = default;
  template <class Value>
    requires(std::is_same_v<std::remove_const_t<Value>, Real>)
  constexpr weight_matrix(matrix_view<Value> stored) : stored_(native_view(stored)) {}
  template <class Value>
    requires(std::is_same_v<std::remove_const_t<Value>, bfloat16>)
  constexpr weight_matrix(matrix_view<Value> stored) : stored_(rounded_view(stored)) {}

  [[nodiscard]] constexpr std::size_t extent(std::size_t axis) const {
    return visit([&](const auto& view) { return view.extent(axis); });
  }
  [[nodiscard]] constexpr std::size_t size() const { return extent(0) * extent(1); }

  [[nodiscard]] constexpr weight_matrix rows(std::size_t begin, std::size_t end) const {
    return visit([&](const auto& view) { return weight_matrix(view.rows(begin, end)); });
  }
  [[nodiscard]] friend constexpr weight_matrix columns(const weight_matrix& weight,
                                                       std::size_t first, std::size_t count) {
    return weight.visit(
        [&](const auto& view) { return weight_matrix(columns(view, first, count)); });
  }

  /// Calls `call` with the view that it is.
  template <class Call>
  constexpr decltype(auto) visit(const Call& call) const {
    if (const auto* rounded = std::get_if<rounded_view>(&stored_)) return call(*rounded);
    return call(*std::get_if<native_view>(&stored_));
  }

 private:
  std::variant<native_view, rounded_view> stored_;
};

/// A weight's numbers to read, or, if `Value` is not const, its gradient to write.
template <class Value>
using stored_weight =
    std::conditional_t<std::is_const_v<Value>, weight_matrix<std::remove_const_t<Value>>,
                       matrix_view<Value>>;

}  // namespace prefopt::inline v0_2
