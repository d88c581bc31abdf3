// SPDX-License-Identifier: MIT
#pragma once
// Random sequences with common prefixes of random lengths, for tests of packing and of code that
// reads packed batches.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/data/packable_sequence.hpp"

namespace prefopt::tests {

/// Owns the tokens of packable sequences.
struct owned_sequence {
  std::int32_t example;
  std::int32_t response_index;
  token_ids prompt;
  token_ids response;
  std::optional<target_runs> targets = {};
};

struct random_sequences_options {
  std::size_t examples = 3;
  std::size_t vocabulary_size = 5;
  /// how many a sequence adds to the prefix that it has from another
  std::size_t most_tokens = 30;
  std::size_t longest = 1000;  ///< of a whole sequence
};

/// Up to four responses per example. Each sequence continues a random prefix of an earlier one, or
/// starts afresh; so there are duplicates, proper prefixes, empty prompts, empty responses, and
/// prompts that examples share.
inline std::vector<owned_sequence> random_sequences(random_generator& random,
                                                    const random_sequences_options& options) {
  std::vector<owned_sequence> sequences;
  for (std::size_t example = 0; example < options.examples; ++example) {
    const std::size_t responses = 1 + random.below(4);
    for (std::size_t index = 0; index < responses; ++index) {
      token_ids tokens;
      if (!sequences.empty() && random.below(4) != 0) {
        const owned_sequence& other = sequences[random.below(sequences.size())];
        tokens = other.prompt;
        tokens.insert(tokens.end(), other.response.begin(), other.response.end());
        tokens.resize(random.below(tokens.size() + 1));
      }
      const std::size_t more = random.below(options.most_tokens) + (tokens.empty() ? 1 : 0);
      for (std::size_t i = 0; i < more; ++i)
        tokens.push_back(static_cast<token_id>(random.below(options.vocabulary_size)));
      tokens.resize(std::min(tokens.size(), options.longest));
      const auto cut =
          tokens.begin() + static_cast<std::ptrdiff_t>(random.below(tokens.size() + 1));
      sequences.push_back({static_cast<std::int32_t>(example), static_cast<std::int32_t>(index),
                           token_ids(tokens.begin(), cut), token_ids(cut, tokens.end())});
    }
  }
  return sequences;
}

/// Random runs of a response's tokens: none, some or all.
inline target_runs random_runs(random_generator& random, std::size_t length) {
  target_runs runs;
  for (std::size_t at = random.below(3); at < length; at += 1 + random.below(3)) {
    const std::size_t end = at + 1 + random.below(length - at);
    runs.push_back({at, end});
    at = end;
  }
  return runs;
}

/// Gives two of three sequences random targets.
inline void choose_targets(random_generator& random, std::vector<owned_sequence>& sequences) {
  for (owned_sequence& s : sequences)
    if (random.below(3) != 0) s.targets = random_runs(random, s.response.size());
}

/// The input of `pack`, pointing into `owned`.
inline std::vector<packable_sequence> packable(const std::vector<owned_sequence>& owned) {
  std::vector<packable_sequence> sequences;
  for (const owned_sequence& s : owned)
    sequences.push_back({s.example, s.response_index, s.prompt, s.response, s.targets});
  return sequences;
}

}  // namespace prefopt::tests
