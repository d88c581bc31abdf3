// SPDX-License-Identifier: MIT
#pragma once
// A world of twelve tokens in which the true reward is known: a response's is the sum of its tokens' values. The
// reference is a bigram table, preferences are drawn as Bradley and Terry have it.

#include <prefopt/prefopt.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace compare {

class world {
 public:
  explicit world(std::uint64_t seed);

  [[nodiscard]] const prefopt::bigram& reference() const { return reference_; }

  /// Pairs of responses sampled from the reference.
  [[nodiscard]] std::vector<prefopt::tokenized_pair> pairs(std::size_t count);
  /// Lists of four, scored in an order that is drawn as Plackett and Luce have it.
  [[nodiscard]] std::vector<prefopt::tokenized_example> lists(std::size_t count);

  struct standing {
    double reward = 0;      ///< mean true reward of samples
    double divergence = 0;  ///< KL(policy || reference) of a response, nats, estimated on them
  };
  /// Of 4000 responses, the same random numbers for every policy.
  [[nodiscard]] standing measure(prefopt::bigram& policy) const;

 private:
  static constexpr std::size_t vocabulary = 12;  ///< token 0 ends a response
  static constexpr std::size_t longest = 10;

  [[nodiscard]] static prefopt::token_ids sample(prefopt::bigram& policy, prefopt::token_id prompt,
                                                 prefopt::random_generator& random);
  [[nodiscard]] double reward(const prefopt::token_ids& response) const;
  [[nodiscard]] prefopt::token_id prompt();

  prefopt::random_generator random_;
  prefopt::bigram reference_{vocabulary};
  std::vector<double> values_;
};

}  // namespace compare
