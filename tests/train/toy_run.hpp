// SPDX-License-Identifier: MIT
#pragma once
// A bigram with random weights and random examples of each kind for it: the smallest run.

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/policy/bigram.hpp"

namespace prefopt::tests {

inline constexpr std::size_t toy_vocabulary = 6;

inline bigram toy_policy(std::uint64_t seed = 1) {
  bigram policy(toy_vocabulary);
  random_generator random(seed);
  const auto table = policy.parameters().at(0).value;
  for (double& logit : table) logit = random.normal();
  return policy;
}

inline std::vector<double> weights(bigram& policy) {
  const auto table = policy.parameters().at(0).value;
  return {table.begin(), table.end()};
}

inline std::vector<double> gradient(bigram& policy) {
  const auto table = policy.parameters().at(0).gradient;
  return {table.begin(), table.end()};
}

inline token_ids toy_tokens(random_generator& random, std::size_t least, std::size_t most) {
  token_ids ids(least + random.below(most - least + 1));
  for (token_id& id : ids) id = static_cast<token_id>(random.below(toy_vocabulary));
  return ids;
}

inline std::vector<tokenized_pair> toy_pairs(std::size_t count, std::uint64_t seed = 2) {
  random_generator random(seed);
  const auto tokens = [&](std::size_t least, std::size_t most) {
    return toy_tokens(random, least, most);
  };
  std::vector<tokenized_pair> pairs;
  for (std::size_t i = 0; i < count; ++i)
    pairs.push_back({tokens(0, 5), tokens(1, 7), tokens(1, 7)});
  return pairs;
}

/// Scores are multiples of 1/8 without ties, best and worst anywhere.
inline std::vector<tokenized_example> toy_lists(std::size_t count, std::size_t responses,
                                                std::uint64_t seed = 3) {
  random_generator random(seed);
  std::vector<tokenized_example> lists;
  for (std::size_t i = 0; i < count; ++i) {
    tokenized_example list{.prompt = toy_tokens(random, 1, 5), .responses = {}};
    for (const std::size_t rank : shuffled_indices(responses, seed, i)) {
      list.responses.push_back(toy_tokens(random, 1, 7));
      list.scores.push_back(static_cast<double>(rank) / 8);
    }
    lists.push_back(list);
  }
  return lists;
}

/// Desirable and undesirable in turn, each with the next one's completion as the mismatched one.
inline std::vector<tokenized_unpaired> toy_unpaired(std::size_t count, std::uint64_t seed = 4) {
  random_generator random(seed);
  std::vector<tokenized_unpaired> examples;
  for (std::size_t i = 0; i < count; ++i)
    examples.push_back({toy_tokens(random, 1, 5), toy_tokens(random, 1, 7), i % 2 == 0});
  for (std::size_t i = 0; i < count; ++i)
    examples[i].mismatched = examples[(i + 1) % count].completion;
  return examples;
}

inline std::vector<std::size_t> first_members(std::size_t count) {
  std::vector<std::size_t> members(count);
  std::iota(members.begin(), members.end(), std::size_t{0});
  return members;
}

}  // namespace prefopt::tests
