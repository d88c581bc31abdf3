// SPDX-License-Identifier: MIT
#pragma once
// phrases: the words and sentences of the training pairs, to measure the text that a model samples.

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include <prefopt/prefopt.hpp>
#include <prefopt/tokenizers.hpp>

namespace demo {

/// Shares of the words and sentences of some texts.
struct text_quality {
  double known_words = 0;      ///< share of words that occur in the training responses
  double known_sentences = 0;  ///< share of sentences that occur there, letter by letter
  /// share of sentences that occur there more often in chosen than in rejected ones
  double preferred_sentences = 0;
};

class phrases {
 public:
  /// Collects the words and sentences of both responses of each pair.
  phrases(std::span<const prefopt::tokenized_pair> pairs, const prefopt::gpt2_tokenizer& tokenizer);

  /// Over all texts together. A text without a word counts as one unknown word and one unknown
  /// sentence.
  [[nodiscard]] text_quality measure(std::span<const std::string> texts) const;

 private:
  std::set<std::string, std::less<>> words_;
  // how much more often in chosen than in rejected responses
  std::map<std::string, int, std::less<>> sentences_;
};

}  // namespace demo
