// SPDX-License-Identifier: MIT
#pragma once
// double_values: the elements of any vector as doubles, copied only if they are not already stored
// as doubles. Functions over vector_like read their arguments through it.

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/tensor.hpp"

namespace prefopt::inline v0_2 {

/// Holds the copy or refers to the vector, which must then outlive it. Meant as a local variable:
/// it cannot be copied or moved.
class double_values {
 public:
  /// Throws shape_error, starting with `what`, for a tensor whose run-time rank is not 1.
  template <vector_like V>
  double_values(const V& vector, std::string_view what) {
    using traits = tensor_traits_of<V>;
    using element = typename traits::value_type;
    if (tensor_rank(vector) != 1) {
      throw shape_error(
          concat(what, ": a tensor of rank ", tensor_rank(vector), ", expected a vector"));
    }
    const std::size_t size = tensor_size(vector);
    if constexpr (std::same_as<element, double> && contiguous_tensor<const V>) {
      values_ = std::span<const double>(traits::data(vector), size);
    } else {
      if constexpr (std::same_as<element, double>) {
        copy_.resize(size);
        traits::copy(vector, copy_.data());
      } else {
        std::vector<element> elements(size);
        traits::copy(vector, elements.data());
        for (const element value : elements) copy_.push_back(static_cast<double>(value));
      }
      values_ = copy_;
    }
  }

  /// A temporary that owns its doubles: the reference to them would dangle.
  template <vector_like V>
    requires std::same_as<typename tensor_traits_of<V>::value_type, double> &&
                 contiguous_tensor<const V> && (!std::ranges::borrowed_range<V>)
  double_values(const V&&, std::string_view) = delete;

  double_values(const double_values&) = delete;
  double_values& operator=(const double_values&) = delete;

  [[nodiscard]] std::span<const double> span() const { return values_; }
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] double operator[](std::size_t i) const { return values_[i]; }

 private:
  std::vector<double> copy_;
  std::span<const double> values_;
};

}  // namespace prefopt::inline v0_2
