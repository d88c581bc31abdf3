// SPDX-License-Identifier: MIT
#pragma once
// The parameters that an optimizer needs and a policy must provide. Neither depends on the other:
// any range of tensors with these members works.

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// A range of named tensors with gradients.
/// Needs: each element has `name`, `shape` (row-major), `value` and `gradient` (equally long spans
/// of the backend's memory), `trainable`, and `decays` (whether weight decay applies to it).
/// Promises: the same tensors in the same order every time.
/// Not required: that the range outlives the call; the spans live as long as the model.
template <class Range, class Real>
concept parameter_range =
    std::ranges::forward_range<Range> && requires(std::ranges::range_reference_t<Range> parameter) {
      { parameter.name } -> std::convertible_to<const std::string&>;
      { parameter.shape } -> std::convertible_to<const std::vector<std::size_t>&>;
      { parameter.value } -> std::convertible_to<std::span<Real>>;
      { parameter.gradient } -> std::convertible_to<std::span<Real>>;
      { parameter.trainable } -> std::convertible_to<bool>;
      { parameter.decays } -> std::convertible_to<bool>;
    };

}  // namespace prefopt::inline v0_2
