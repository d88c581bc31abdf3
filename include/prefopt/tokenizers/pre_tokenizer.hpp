// SPDX-License-Identifier: MIT
#pragma once
// pre_tokenizer: splits a text into the words in which byte pairs are merged, as GPT-2 does:
// contractions; letters, numerals and everything else, each with the space before them; and white
// space, whose last space goes to the next word. Radford et al. 2019,
// https://github.com/openai/gpt-2, encoder.py; PCRE2 matches the expression.

#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/tokenizers/detail/pcre2_code.hpp"
#include "prefopt/tokenizers/detail/unicode_classes.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// GPT-2's expression: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+.
/// The possessive ++ match the same but keep PCRE2 from backtracking.
[[nodiscard]] inline std::string gpt2_word_expression() {
  const std::string letters = class_items("L"), numerals = class_items("N");
  return concat("'(?:[smtd]|re|ve|ll)| ?[", letters, "]++| ?[", numerals, "]++| ?[^",
                white_space_items, letters, numerals, "]++|[", white_space_items, "]+(?![^",
                white_space_items, "])|[", white_space_items, "]++");
}

}  // namespace detail

/// Splits texts into words as GPT-2 does. Cheap to copy; many threads may use one object at once.
class pre_tokenizer {
 public:
  /// Throws format_error if PCRE2 was built without Unicode.
  pre_tokenizer() : expression_(detail::gpt2_word_expression(), "pre_tokenizer", PCRE2_ANCHORED) {}

  /// Calls `visit(std::string_view word)` for every word, in order; joined, the words are `text`.
  /// Bytes that are not UTF-8 end the preceding word, and a run of them is a separate word. Cost:
  /// linear in the text.
  template <class Visitor>
  void for_each_word(std::string_view text, Visitor&& visit) const {
    for_each_utf8_stretch(text, [&](std::string_view stretch, bool valid) {
      if (valid)
        for_each_valid_word(stretch, visit);
      else
        visit(stretch);
    });
  }

  /// The same for well-formed UTF-8, which it does not check.
  template <class Visitor>
  void for_each_valid_word(std::string_view text, Visitor&& visit) const {
    for (std::size_t at = 0; at < text.size();) {
      // Every character begins a word, so there is always a match.
      const std::size_t end = expression_.find(text, at).value().end;
      visit(text.substr(at, end - at));
      at = end;
    }
  }

 private:
  detail::pcre2_code expression_;
};

}  // namespace prefopt::inline v0_2
