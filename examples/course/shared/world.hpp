// SPDX-License-Identifier: MIT
#pragma once
// A world of twelve tokens in which everything can be computed: the true reward of a response is
// the sum of its tokens' values, the reference is a bigram table, and preferences are drawn from
// the Bradley-Terry model. Token 0 ends a response; the longest has ten tokens.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <prefopt/prefopt.hpp>

namespace course {

using prefopt::bigram;
using prefopt::random_generator;
using prefopt::token_id;
using prefopt::token_ids;

class world {
 public:
  static constexpr std::size_t vocabulary = 12;
  static constexpr std::size_t longest = 10;

  /// The same seed makes the same reference and values; another seed makes another world.
  explicit world(std::uint64_t seed);

  [[nodiscard]] const bigram& reference() const { return reference_; }
  /// [V], one per token; 0 for the end
  [[nodiscard]] std::span<const double> values() const { return values_; }

  /// The true reward.
  [[nodiscard]] double reward(const token_ids& response) const;

  /// One of the tokens 1 .. 11, all equally likely.
  [[nodiscard]] static token_id prompt(random_generator& random);

  /// Says whether a person prefers the first of two responses, given their true rewards'
  /// difference.
  using judge = std::function<bool(double difference, random_generator& random)>;
  /// With probability sigmoid(difference) (Bradley and Terry 1952).
  [[nodiscard]] static bool bradley_terry(double difference, random_generator& random);
  /// Always the better one.
  [[nodiscard]] static bool deterministic(double difference, random_generator&) {
    return difference > 0;
  }

  /// Pairs of unequal responses of the reference to one prompt each, the preferred one first. Uses
  /// the world's own random numbers: another call gives other pairs.
  [[nodiscard]] std::vector<prefopt::tokenized_pair> pairs(std::size_t count,
                                                           const judge& prefers = bradley_terry);
  /// The same with responses of another policy.
  [[nodiscard]] std::vector<prefopt::tokenized_pair> pairs_of(const bigram& policy,
                                                              std::size_t count,
                                                              const judge& prefers = bradley_terry);
  /// Lists of responses of the reference, scored in an order that is drawn from the Plackett-Luce
  /// model.
  [[nodiscard]] std::vector<prefopt::tokenized_example> lists(std::size_t count,
                                                              std::size_t responses = 4);

  struct standing {
    double reward = 0;      ///< expected true reward of a response to a prompt drawn at random
    double divergence = 0;  ///< KL(policy || reference) of whole responses, nats, mean over prompts
    double length = 0;      ///< expected tokens of a response, including its end
  };
  /// Exact, by dynamic programming over the tokens that are left.
  [[nodiscard]] standing measure(const bigram& policy) const;

 private:
  random_generator random_;
  bigram reference_{vocabulary};
  std::vector<double> values_;
};

/// A response of the policy, with its end if there was room for it.
[[nodiscard]] token_ids respond(const bigram& policy, token_id prompt, random_generator& random);

}  // namespace course
