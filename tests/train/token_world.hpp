// SPDX-License-Identifier: MIT
#pragma once
// Five tokens with a value each, of which 0 ends a response of at most four: a world whose true
// reward, the sum of a response's values, and whose divergence from the reference are known
// exactly.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/generation.hpp"

namespace prefopt::tests {

struct token_world {
  static constexpr std::size_t vocabulary = 5;
  static constexpr std::size_t longest = 4;

  bigram reference{vocabulary};
  std::vector<double> values = std::vector<double>(vocabulary);  // [V]; 0 of the end

  explicit token_world(std::uint64_t seed) {
    random_generator random(seed);
    const auto table = reference.parameters().at(0).value;
    for (double& logit : table) logit = 0.5 * random.normal();
    for (std::size_t t = 1; t < vocabulary; ++t) values[t] = random.normal();
  }

  /// A response_scorer: the true reward of each response.
  [[nodiscard]] std::vector<double> operator()(std::span<const tokenized_example> examples) const {
    std::vector<double> scores;
    for (const tokenized_example& example : examples) {
      for (const token_ids& response : example.responses) {
        double& sum = scores.emplace_back(0);
        for (const token_id token : response) sum += values[static_cast<std::size_t>(token)];
      }
    }
    return scores;
  }

  /// `count` prompts: every token except the end, in turn.
  [[nodiscard]] static std::vector<token_ids> prompts(std::size_t count) {
    std::vector<token_ids> all;
    for (std::size_t i = 0; i < count; ++i)
      all.push_back({1 + static_cast<token_id>(i % (vocabulary - 1))});
    return all;
  }

  [[nodiscard]] static generation_options generation() {
    return {.max_new_tokens = longest, .end_of_text = 0};
  }

  struct standing {
    double reward = 0;      ///< expected, of a response to a prompt
    double divergence = 0;  ///< KL(policy || reference) of whole responses, nats, mean over prompts
  };
  /// By dynamic programming over the tokens that are left.
  [[nodiscard]] standing measure(const bigram& policy) const {
    std::vector<standing> fewer(vocabulary), here(vocabulary);
    for (std::size_t left = 1; left <= longest; ++left) {
      for (std::size_t u = 0; u < vocabulary; ++u) {
        here[u] = {};
        for (std::size_t v = 0; v < vocabulary; ++v) {
          const double log_p = policy.log_prob(u, v), p = std::exp(log_p);
          const standing after = v == 0 ? standing{} : fewer[v];
          here[u].reward += p * (values[v] + after.reward);
          here[u].divergence += p * (log_p - reference.log_prob(u, v) + after.divergence);
        }
      }
      std::swap(fewer, here);
    }
    standing mean;
    for (std::size_t u = 1; u < vocabulary; ++u) {
      mean.reward += fewer[u].reward / (vocabulary - 1);
      mean.divergence += fewer[u].divergence / (vocabulary - 1);
    }
    return mean;
  }
};

}  // namespace prefopt::tests
