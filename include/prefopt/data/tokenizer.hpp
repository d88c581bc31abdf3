// SPDX-License-Identifier: MIT
#pragma once
// The interface that data preparation needs from a tokenizer.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

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

/// A tokenizer that knows the tokens with which a plain text begins or ends, such as bos.
/// Needs: (1) a tokenizer; (2) `encode_with_special(text)`: encode(text) with these tokens around
/// it.
template <class T>
concept framing_tokenizer = tokenizer<T> && requires(const T& t, std::string_view text) {
  { t.encode_with_special(text) } -> std::same_as<token_ids>;
};

namespace detail {

/// `ids` are `own` with tokens around them; without those that `own` begins or ends with already.
[[nodiscard]] inline token_ids framed_once(token_ids ids, const token_ids& own) {
  const auto middle = std::ranges::search(ids, own);
  if (own.empty() || middle.empty()) return ids;
  if (middle.end() != ids.end() && *middle.end() == own.back()) ids.erase(middle.end());
  if (middle.begin() != ids.begin() && *(middle.begin() - 1) == own.front())
    ids.erase(middle.begin() - 1);
  return ids;
}

}  // namespace detail

/// The ids of a plain text, which no template has rendered: as encode gives them, with the tokens
/// that begin and end a text if the tokenizer knows any. A text that spells these has each once.
template <tokenizer Tokenizer>
[[nodiscard]] token_ids encode_plain(const Tokenizer& text_tokenizer, std::string_view text) {
  if constexpr (framing_tokenizer<Tokenizer>) {
    token_ids ids = text_tokenizer.encode_with_special(text);
    const std::size_t count = ids.size();
    if (count > 1 && (ids[0] == ids[1] || ids[count - 1] == ids[count - 2]))
      return detail::framed_once(std::move(ids), text_tokenizer.encode(text));
    return ids;
  } else {
    return text_tokenizer.encode(text);
  }
}

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
