// SPDX-License-Identifier: MIT
#pragma once
// response_scorer: whatever says how good responses are: a reward model, a program that checks
// them, a person asked.

#include <concepts>
#include <span>
#include <vector>

#include "prefopt/data/example.hpp"

namespace prefopt {

/// Says how good responses are.
/// Needs: a const call operator from a span of examples to a number for each of their responses,
/// example by example.
template <class R>
concept response_scorer = requires(const R& scorer, std::span<const tokenized_example> examples) {
  { scorer(examples) } -> std::same_as<std::vector<double>>;
};

}  // namespace prefopt
