// SPDX-License-Identifier: MIT
#pragma once
// The definitions of bpe_model.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "prefopt/data/example.hpp"
#include "prefopt/tokenizers/bpe_model.hpp"
#include "prefopt/tokenizers/bpe_options.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/detail/byte_tokens.hpp"
#include "prefopt/tokenizers/detail/trim_white_space.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/utf8.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE bpe_model::bpe_model(const vocabulary& tokens,
                                    const std::unordered_set<token_id>& added, merge_table merges,
                                    const bpe_options& options, bool words_are_bytes)
    : merges_(std::move(merges)), options_(options), words_are_bytes_(words_are_bytes) {
  const auto id_of = [&](std::string_view text) {
    const auto id = tokens.find(text);
    return id && !added.contains(*id) ? *id : none;
  };
  if (!options.unk_token.empty()) unk_id_ = id_of(options.unk_token);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] = id_of(to_byte_symbols(std::string(1, static_cast<char>(byte))));
    byte_tokens_[byte] = id_of(detail::byte_token(static_cast<std::uint8_t>(byte)));
  }
  find_characters(tokens, added);
  if (options.ignore_merges) {
    for (const auto& [text, id] : tokens.ids())
      if (!added.contains(id)) words_.emplace(text, id);
  }
  find_neighbors(tokens);
}

PREFOPT_INLINE void bpe_model::find_characters(const vocabulary& tokens,
                                               const std::unordered_set<token_id>& added) {
  if (!words_are_bytes_) common_.assign(0x10000, none);
  for (const auto& [text, id] : tokens.ids()) {
    if (text.empty() || text.size() > 4 || added.contains(id)) continue;
    if (const utf8_step step = utf8_at(text, 0); !step.valid || step.length != text.size())
      continue;
    const char32_t c = utf8_code_point(text);
    if (c < common_.size())
      common_[c] = id;
    else
      characters_.emplace(c, id);
  }
}

PREFOPT_INLINE void bpe_model::find_neighbors(const vocabulary& tokens) {
  std::unordered_map<token_id, std::string_view> texts;
  for (const auto& [text, id] : tokens.ids()) texts.emplace(id, text);
  // A token that is a symbol without being a character would need its own entry; no merge has one.
  const auto is_other_symbol = [&](token_id id) {
    return id == unk_id_ || std::ranges::find(byte_tokens_, id) != byte_tokens_.end();
  };
  cuts_ = true;
  for (const merge_table::entry& merge : merges_.in_order()) {
    if ((options_.byte_fallback || unk_id_ != none) &&
        (is_other_symbol(merge.left) || is_other_symbol(merge.right))) {
      cuts_ = false;
      return;
    }
    const std::string_view left = texts[merge.left], right = texts[merge.right];
    if (left.empty() || right.empty()) continue;
    const token_id last =
        character_id(utf8_code_point(left.substr(detail::previous_character(left, left.size()))));
    const token_id first = character_id(utf8_code_point(right.substr(0, utf8_at(right, 0).length)));
    if (last != none && first != none) neighbors_.insert(last, first, {0, 0});
  }
}

}  // namespace prefopt::inline v0_2
