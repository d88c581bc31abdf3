// SPDX-License-Identifier: MIT
#pragma once
// A log-prob's bits do not depend on what it is packed with.

#include <cstddef>
#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/data/pack.hpp"

namespace prefopt::tests {

[[nodiscard]] inline token_ids random_tokens(random_generator& random, std::size_t count,
                                             std::size_t vocabulary) {
  token_ids tokens;
  while (tokens.size() < count) tokens.push_back(static_cast<token_id>(random.below(vocabulary)));
  return tokens;
}

/// Numbers of tokens.
struct related_lengths {
  std::size_t prompt, shared, rest, chosen, rejected;
};

/// Three pairs. The second pair's prompt begins as the first's does, so that both share a root, and
/// neither does when it is alone.
[[nodiscard]] inline std::vector<tokenized_pair> related_pairs(std::size_t vocabulary,
                                                               const related_lengths& lengths) {
  random_generator random(8);
  std::vector<tokenized_pair> pairs(3);
  const auto append = [&](token_ids& tokens, std::size_t count) {
    const token_ids more = random_tokens(random, count, vocabulary);
    tokens.insert(tokens.end(), more.begin(), more.end());
  };
  append(pairs[0].prompt, lengths.prompt);
  pairs[1].prompt.assign(pairs[0].prompt.begin(),
                         pairs[0].prompt.begin() + static_cast<std::ptrdiff_t>(lengths.shared));
  append(pairs[1].prompt, lengths.rest);
  append(pairs[2].prompt, 3);
  for (tokenized_pair& pair : pairs) {
    append(pair.chosen, lengths.chosen);
    append(pair.rejected, lengths.rejected);
  }
  return pairs;
}

/// Returns the log-probs of all pairs together.
template <class Model>
std::vector<double> log_probs_keep_their_bits_in_any_company(
    const Model& model, const std::vector<tokenized_pair>& pairs) {
  const prefix_tree_batch together = pack(pairs, std::vector<std::size_t>{0, 1, 2});
  const std::vector<double> log_probs = model.token_log_probs(together);
  for (const tree_sequence& sequence : together.sequences) {
    const tokenized_pair& pair = pairs[static_cast<std::size_t>(sequence.example)];
    const packable_sequence one{
        .prompt = pair.prompt,
        .response = sequence.response_index == chosen_index ? pair.chosen : pair.rejected};
    const std::vector<double> alone = model.token_log_probs(pack(std::span(&one, 1)));
    const auto first = log_probs.begin() + sequence.first_target;
    BOOST_TEST(alone == std::vector<double>(first, first + sequence.count),
               boost::test_tools::per_element());
  }
  return log_probs;
}

}  // namespace prefopt::tests
