// SPDX-License-Identifier: MIT
#pragma once
// A bigram with random weights and random pairs for it: the smallest run.

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

inline std::vector<tokenized_pair> toy_pairs(std::size_t count, std::uint64_t seed = 2) {
  random_generator random(seed);
  const auto tokens = [&](std::size_t least, std::size_t most) {
    token_ids ids(least + random.below(most - least + 1));
    for (token_id& id : ids) id = static_cast<token_id>(random.below(toy_vocabulary));
    return ids;
  };
  std::vector<tokenized_pair> pairs;
  for (std::size_t i = 0; i < count; ++i) pairs.push_back({tokens(0, 5), tokens(1, 7), tokens(1, 7)});
  return pairs;
}

inline std::vector<std::size_t> first_members(std::size_t count) {
  std::vector<std::size_t> members(count);
  std::iota(members.begin(), members.end(), std::size_t{0});
  return members;
}

}  // namespace prefopt::tests
