// SPDX-License-Identifier: MIT
#pragma once
// word_splitter: the "pre_tokenizer" of a tokenizer.json, which splits a text into the words in
// which pairs are merged.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/pre_tokenizer.hpp"
#include "prefopt/tokenizers/split_behavior.hpp"
#include "prefopt/tokenizers/text_pattern.hpp"

namespace prefopt::inline v0_2 {

/// A sequence of pre-tokenizers. Immutable: many threads may use one object at once.
class word_splitter {
 public:
  /// The whole text is one word.
  word_splitter() = default;

  /// From the value in the file: ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit,
  /// Punctuation, or a Sequence of these; null splits nothing. `where` begins the message of the
  /// format_error for anything else.
  [[nodiscard]] static word_splitter read(const nlohmann::json& value, const std::string& where);

  /// GPT-2's: ByteLevel alone.
  [[nodiscard]] static word_splitter gpt2();

  /// Whether ByteLevel is among the parts: the vocabulary spells bytes, so any text has ids.
  [[nodiscard]] bool is_byte_level() const {
    return std::ranges::any_of(
        steps_, [](const step& one) { return std::holds_alternative<byte_level>(one); });
  }

  /// Whether the words are bytes; otherwise they are UTF-8, and each of their characters is a
  /// symbol. ByteLevel gives bytes if it comes last; else it spells them.
  [[nodiscard]] bool gives_bytes() const {
    return !steps_.empty() && std::holds_alternative<byte_level>(steps_.back());
  }

  /// Whether a space is put before a text.
  [[nodiscard]] bool adds_space() const {
    return std::ranges::any_of(steps_, [](const step& one) {
      if (const auto* bytes = std::get_if<byte_level>(&one)) return bytes->prefix_space;
      const auto* spaces = std::get_if<metaspace>(&one);
      return spaces != nullptr && spaces->scheme != prepend_scheme::never;
    });
  }

  /// Calls `visit(std::string_view word)` for the words of `text`, which must be well-formed UTF-8.
  /// None is empty. `at_start` tells whether the text is the beginning of the input. A word may lie
  /// outside `text` and ends with the call. Throws value_error if an expression takes too many
  /// steps.
  template <class Visitor>
  void for_each_word(std::string_view text, bool at_start, Visitor&& visit) const {
    if (!text.empty()) run(0, text, at_start, visit);
  }

  friend bool operator==(const word_splitter& a, const word_splitter& b) {
    return a.steps_ == b.steps_;
  }

 private:
  struct byte_level {
    bool prefix_space = false;
    bool splits = true;
    friend bool operator==(const byte_level&, const byte_level&) = default;
  };
  struct split {
    text_pattern pattern;
    split_behavior behavior;
    bool invert;
    friend bool operator==(const split&, const split&) = default;
  };
  enum class prepend_scheme { always, first, never };
  struct metaspace {
    std::string replacement;
    prepend_scheme scheme;
    bool splits;
    text_pattern pattern;  ///< of the replacement
    friend bool operator==(const metaspace&, const metaspace&) = default;
  };
  using step = std::variant<byte_level, split, metaspace>;

  void add(const nlohmann::json& value, const std::string& where);
  void add_metaspace(const nlohmann::json& value, const std::string& where);

  /// The steps from `index` on.
  template <class Visitor>
  void run(std::size_t index, std::string_view text, bool at_start, Visitor& visit) const {
    if (index == steps_.size()) return visit(text);
    const auto next = [&](std::string_view piece) {
      run(index + 1, piece, at_start, visit);
      at_start = false;  // the first piece begins the text
    };
    if (const auto* bytes = std::get_if<byte_level>(&steps_[index]))
      run_byte_level(*bytes, index + 1 == steps_.size(), text, next);
    else if (const auto* cut = std::get_if<split>(&steps_[index]))
      run_split(*cut, text, at_start, next);
    else
      run_metaspace(std::get<metaspace>(steps_[index]), text, at_start, next);
  }

  template <class Next>
  void run_byte_level(const byte_level& how, bool last, std::string_view text, Next& next) const {
    std::string with_space;
    if (how.prefix_space && text[0] != ' ') text = with_space = concat(' ', text);
    const auto give = [&](std::string_view word) {
      if (last) return next(word);
      next(std::string_view(to_byte_symbols(word)));
    };
    if (how.splits)
      gpt2_words_.for_each_valid_word(text, give);
    else
      give(text);
  }

  template <class Next>
  static void run_split(const split& how, std::string_view text, bool& at_start, Next& next) {
    split_text(text, how.pattern, how.behavior, how.invert, [&](std::string_view piece) {
      if (piece.data() != text.data()) at_start = false;  // the beginning was removed
      next(piece);
    });
  }

  template <class Next>
  static void run_metaspace(const metaspace& how, std::string_view text, bool at_start,
                            Next& next) {
    std::string replaced;
    replaced.reserve(text.size() + text.size() / 2);
    for (const char c : text)
      if (c == ' ')
        replaced += how.replacement;
      else
        replaced += c;
    const bool prepends =
        how.scheme == prepend_scheme::always || (how.scheme == prepend_scheme::first && at_start);
    if (prepends && !replaced.starts_with(how.replacement)) replaced.insert(0, how.replacement);
    if (how.splits)
      split_text(replaced, how.pattern, split_behavior::merged_with_next, false, next);
    else
      next(std::string_view(replaced));
  }

  std::vector<step> steps_;
  pre_tokenizer gpt2_words_;
};

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/word_splitter_definitions.hpp"
#endif
