// SPDX-License-Identifier: MIT
#pragma once
// The forms that losses read.

#include <cstddef>
#include <utility>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/world.hpp"

namespace course {

/// The same examples in the form that holds any.
template <class Examples>
[[nodiscard]] std::vector<prefopt::tokenized_example> as_examples(const Examples& examples) {
  std::vector<prefopt::tokenized_example> all;
  for (const auto& example : examples) all.push_back(prefopt::as_example(example));
  return all;
}

/// Single responses, each with a completion of another prompt added, cut to `max_length`: what KTO
/// reads.
[[nodiscard]] inline std::vector<prefopt::tokenized_example> unpaired(
    std::vector<prefopt::tokenized_unpaired> singles, std::size_t max_length) {
  prefopt::add_mismatched(singles, max_length);
  return as_examples(singles);
}

/// Responses of the world's reference, each to a prompt drawn at random, judged alone: liked with
/// probability sigmoid(its reward - the mean reward of the reference's responses).
[[nodiscard]] inline std::vector<prefopt::tokenized_unpaired> single_responses(
    const world& world, std::size_t count, random_generator& random) {
  const double threshold = world.measure(world.reference()).reward;
  std::vector<prefopt::tokenized_unpaired> all;
  for (std::size_t i = 0; i < count; ++i) {
    const token_id first = world::prompt(random);
    token_ids response = respond(world.reference(), first, random);
    const bool liked = world::bradley_terry(world.reward(response) - threshold, random);
    all.push_back({{first}, std::move(response), liked});
  }
  return all;
}

/// Each pair as two such examples, liked and not.
[[nodiscard]] inline std::vector<prefopt::tokenized_example> unpaired(
    const std::vector<prefopt::tokenized_pair>& pairs, std::size_t max_length) {
  std::vector<prefopt::tokenized_unpaired> singles;
  for (const prefopt::tokenized_pair& pair : pairs) {
    singles.push_back({pair.prompt, pair.chosen, true});
    singles.push_back({pair.prompt, pair.rejected, false});
  }
  return unpaired(std::move(singles), max_length);
}

}  // namespace course
