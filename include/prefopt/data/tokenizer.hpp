// SPDX-License-Identifier: MIT
#pragma once
// The interface that data preparation needs from a tokenizer.

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// Text to token ids and back.
/// Needs: (1) `encode(text)`, special tokens in the text recognized; (2) `decode(ids)`, with
/// decode(encode(x)) == x for any bytes x; (3) `end_of_text()`, the id that closes a text; (4)
/// `vocabulary_size()`, greater than every id it returns.
template <class T>
concept tokenizer = requires(const T& t, std::string_view text, std::span<const token_id> ids) {
  { t.encode(text) } -> std::same_as<token_ids>;
  { t.decode(ids) } -> std::same_as<std::string>;
  { t.end_of_text() } -> std::same_as<token_id>;
  { t.vocabulary_size() } -> std::same_as<std::size_t>;
};

/// A location in a text, in bytes.
struct text_range {
  std::size_t begin = 0;
  std::size_t end = 0;

  friend bool operator==(const text_range&, const text_range&) = default;
};

/// A tokenizer that can find special tokens and encode them as text.
/// Needs: (1) a tokenizer; (2) `find_special_token(text, from)`, the first one that begins at or
/// after `from`; (3) `encode_split(text)`, the ids with special tokens treated as ordinary text.
template <class T>
concept special_token_tokenizer =
    tokenizer<T> && requires(const T& t, std::string_view text, std::size_t from) {
      { t.find_special_token(text, from) } -> std::same_as<std::optional<text_range>>;
      { t.encode_split(text) } -> std::same_as<token_ids>;
    };

}  // namespace prefopt::inline v0_2
