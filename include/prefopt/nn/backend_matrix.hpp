// SPDX-License-Identifier: MIT
#pragma once
// backend_matrix: a matrix in a backend's memory, with its storage.

#include <cstddef>
#include <span>
#include <utility>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// A backend's matrix with its storage. Rows begin on cache lines, so that a row's bits do not
/// depend on its index even if a backend's order of summation follows alignment.
template <transformer_backend Backend, class Value = typename Backend::activation_type>
class backend_matrix {
 public:
  using value_type = Value;

  backend_matrix() = default;
  backend_matrix(const Backend& backend, std::size_t rows, std::size_t columns)
      : rows_(rows),
        columns_(columns),
        stride_((columns + line - 1) / line * line),
        storage_(backend.template scratch<value_type>(rows * stride_)) {}

  [[nodiscard]] matrix_view<value_type> view() {
    return {storage_.data(), {rows_, columns_}, {stride_, 1}};
  }
  [[nodiscard]] matrix_view<const value_type> view() const {
    return {storage_.data(), {rows_, columns_}, {stride_, 1}};
  }

  /// One row.
  [[nodiscard]] std::span<value_type> row(std::size_t index) {
    return {storage_.data() + index * stride_, columns_};
  }
  [[nodiscard]] std::span<const value_type> row(std::size_t index) const {
    return {storage_.data() + index * stride_, columns_};
  }

 private:
  static constexpr std::size_t line = 64 / sizeof(value_type);

  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t stride_ = 0;
  decltype(std::declval<const Backend&>().template scratch<value_type>(0)) storage_;
};

}  // namespace prefopt::inline v0_2
