// SPDX-License-Identifier: MIT
#pragma once
// What data preparation asks of a tokenizer.

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "prefopt/data/example.hpp"

namespace prefopt {

/// Text to token ids and back.
/// Needs: (1) `encode(text)`, special tokens in the text recognized; (2) `decode(ids)`, with decode(encode(x)) == x for
/// any bytes x; (3) `end_of_text()`, the id that closes a text; (4) `vocabulary_size()`, above every id it gives.
template <class T>
concept tokenizer = requires(const T& t, std::string_view text, std::span<const token_id> ids) {
  { t.encode(text) } -> std::same_as<token_ids>;
  { t.decode(ids) } -> std::same_as<std::string>;
  { t.end_of_text() } -> std::same_as<token_id>;
  { t.vocabulary_size() } -> std::same_as<std::size_t>;
};

}  // namespace prefopt
