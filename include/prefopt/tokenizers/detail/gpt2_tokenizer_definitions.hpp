// SPDX-License-Identifier: MIT
#pragma once
// The definitions of gpt2_tokenizer.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/byte_pairs.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "prefopt/tokenizers/pre_tokenizer.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_files.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Appends the added tokens' ids, and calls `between` with the text around them.
template <class Between>
void cut_around_tokens(std::string_view text, const added_token_matcher& added, token_ids& ids,
                       Between&& between) {
  std::size_t at = 0;
  while (const auto match = added.find(text, at)) {
    between(text.substr(at, match->begin - at));
    ids.push_back(match->id);
    at = match->end;
  }
  between(text.substr(at));
}

[[nodiscard]] inline value_error unknown_byte(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < 3 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80)
    --begin;
  const utf8_step step = utf8_at(text, begin);
  const bool in_character = step.valid && begin + step.length > at;
  const std::string what = in_character
                               ? concat("character ", quote_token(text.substr(begin, step.length)))
                               : concat("broken byte ", static_cast<unsigned char>(text[at]));
  return value_error(concat("gpt2_tokenizer: the vocabulary has no token for the ", what,
                            " at byte ", at, " of the text"));
}

}  // namespace detail

PREFOPT_INLINE gpt2_tokenizer
gpt2_tokenizer::from_directory(const std::filesystem::path& directory) {
  check_folder(directory);
  return gpt2_tokenizer(read_tokenizer_files(directory), directory);
}

PREFOPT_INLINE gpt2_tokenizer gpt2_tokenizer::from_files(std::vector<tokenizer_file> files) {
  return gpt2_tokenizer(std::move(files), {});
}

PREFOPT_INLINE gpt2_tokenizer gpt2_tokenizer::byte_level() {
  return from_files(byte_level_files());
}

PREFOPT_INLINE gpt2_tokenizer::gpt2_tokenizer(std::vector<tokenizer_file> files,
                                              const std::filesystem::path& directory)
    : files_(std::move(files)) {
  tokenizer_parts parts = read_tokenizer_parts(files_, directory);
  tokens_ = std::move(parts.tokens);
  merges_ = std::move(parts.merges);
  first_added_ = added_token_matcher(std::move(parts.first_added));
  then_added_ = added_token_matcher(std::move(parts.then_added));
  end_of_text_ =
      parts.end_of_text ? std::move(parts.end_of_text->text) : std::string(gpt2_end_of_text);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] =
        tokens_.find(to_byte_symbols(std::string(1, static_cast<char>(byte)))).value_or(no_token);
  }
}

PREFOPT_INLINE token_ids gpt2_tokenizer::encode(std::string_view text) const {
  return encode_around(text, first_added_);
}

PREFOPT_INLINE token_ids gpt2_tokenizer::encode_split(std::string_view text) const {
  return encode_around(text, {});
}

PREFOPT_INLINE std::optional<text_range> gpt2_tokenizer::find_special_token(
    std::string_view text, std::size_t from) const {
  const auto match = first_added_.find(text, from);
  return match ? std::optional(text_range{match->begin, match->end}) : std::nullopt;
}

PREFOPT_INLINE std::string gpt2_tokenizer::decode(std::span<const token_id> ids) const {
  std::string text;
  for (const token_id id : ids) text += bytes(id);
  return text;
}

PREFOPT_INLINE token_ids gpt2_tokenizer::encode_around(std::string_view text,
                                                       const added_token_matcher& first) const {
  if (text.size() > std::numeric_limits<std::uint32_t>::max() / 2) {
    throw value_error(
        concat("gpt2_tokenizer: a text of ", text.size(), " bytes, expected at most 2 GiB"));
  }
  token_ids ids;
  ids.reserve(text.size() / 4 + 1);
  detail::cut_around_tokens(text, first, ids, [&](std::string_view between) {
    detail::cut_around_tokens(between, then_added_, ids,
                              [&](std::string_view plain) { encode_plain(plain, text, ids); });
  });
  return ids;
}

PREFOPT_INLINE void gpt2_tokenizer::encode_plain(std::string_view text, std::string_view whole,
                                                 token_ids& ids) const {
  token_ids symbols;
  pre_tokenizer_.for_each_word(text, [&](std::string_view word) {
    symbols.clear();
    for (const char& byte : word) {
      const token_id id = byte_ids_[static_cast<unsigned char>(byte)];
      if (id == no_token)
        throw detail::unknown_byte(whole, static_cast<std::size_t>(&byte - whole.data()));
      symbols.push_back(id);
    }
    merge_word(symbols, merges_, ids);
  });
}

}  // namespace prefopt::inline v0_2
