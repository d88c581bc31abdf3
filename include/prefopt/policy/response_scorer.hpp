// SPDX-License-Identifier: MIT
#pragma once
// response_scorer: anything that rates responses: a reward model, a program that checks them, a
// person.

#include <concepts>
#include <span>
#include <vector>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// Rates responses.
/// Needs: a const call operator from a span of examples to a number for each of their responses,
/// example by example.
template <class R>
concept response_scorer = requires(const R& scorer, std::span<const tokenized_example> examples) {
  { scorer(examples) } -> std::same_as<std::vector<double>>;
};

}  // namespace prefopt::inline v0_2
