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

#include "prefopt/data/example.hpp"
#include "prefopt/data/text_range.hpp"

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

/// A tokenizer that knows the tokens with which a plain text, which no template has rendered,
/// begins or ends, such as bos. Needs: (1) a tokenizer; (2) `encode_with_special(text)`:
/// encode(text) with these tokens around it.
template <class T>
concept framing_tokenizer = tokenizer<T> && requires(const T& t, std::string_view text) {
  { t.encode_with_special(text) } -> std::same_as<token_ids>;
};

/// The tokens that a tokenizer puts around a plain text.
struct text_frame {
  token_ids before, after;
};

/// None for a tokenizer that knows none.
template <tokenizer Tokenizer>
[[nodiscard]] text_frame frame_of(const Tokenizer& text_tokenizer) {
  text_frame frame;
  if constexpr (framing_tokenizer<Tokenizer>) {
    if (text_tokenizer.encode_with_special({}).empty()) return frame;
    const token_ids own = text_tokenizer.encode("a"), ids = text_tokenizer.encode_with_special("a");
    const auto middle = std::ranges::search(ids, own);
    frame.before.assign(ids.begin(), middle.begin());
    frame.after.assign(middle.end(), ids.end());
  }
  return frame;
}

/// The ids of a plain text within such a frame; without its end if the text is to be continued.
/// What the text spells already is not added again.
[[nodiscard]] inline token_ids framed(const text_frame& frame, token_ids ids,
                                      bool is_continued = false) {
  const auto& [before, after] = frame;
  const bool has_end =
      ids.size() >= after.size() &&
      std::equal(after.begin(), after.end(), ids.end() - static_cast<std::ptrdiff_t>(after.size()));
  if (!is_continued && !has_end) ids.insert(ids.end(), after.begin(), after.end());
  const bool has_beginning =
      ids.size() >= before.size() && std::equal(before.begin(), before.end(), ids.begin());
  if (!has_beginning) ids.insert(ids.begin(), before.begin(), before.end());
  return ids;
}

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
