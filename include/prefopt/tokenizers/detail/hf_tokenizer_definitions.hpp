// SPDX-License-Identifier: MIT
#pragma once
// The definitions of hf_tokenizer.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/tokenizer.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/hf_tokenizer.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/special_tokens.hpp"
#include "prefopt/tokenizers/tokenizer_files.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// What at `at` in a word has no token; `whole` is the text, in which the word may lie.
[[nodiscard]] inline value_error unknown_symbol(std::string_view word, std::size_t at,
                                                std::string_view whole) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < 3 && (static_cast<unsigned char>(word[begin]) & 0xC0) == 0x80)
    --begin;
  const utf8_step step = utf8_at(word, begin);
  const bool in_character = step.valid && begin + step.length > at;
  const std::string what = in_character
                               ? concat("character ", quote_token(word.substr(begin, step.length)))
                               : concat("broken byte ", static_cast<unsigned char>(word[at]));
  const auto is_within = [&] {  // not after a normalizer
    const std::less_equal<const char*> up_to;
    return up_to(whole.data(), word.data()) &&
           up_to(word.data() + word.size(), whole.data() + whole.size());
  };
  const std::string where =
      is_within()
          ? concat(" at byte ", word.data() - whole.data() + static_cast<std::ptrdiff_t>(at),
                   " of the text")
          : std::string(" in the normalized text");
  return value_error(concat("tokenizer: the vocabulary has no token for the ", what, where));
}

/// The role of a token, with its id.
[[nodiscard]] inline std::optional<role_token> find_role(
    const std::optional<tokenizer_parts::named>& name, const vocabulary& tokens) {
  if (!name) return std::nullopt;
  return role_token{name->text, tokens.find(name->text)};
}

[[nodiscard]] inline special_tokens find_roles(const tokenizer_parts& parts) {
  special_tokens roles{.bos = find_role(parts.bos, parts.tokens),
                       .eos = find_role(parts.end_of_text, parts.tokens),
                       .pad = find_role(parts.pad, parts.tokens),
                       .unk = find_role(parts.unk, parts.tokens),
                       .eos_ids = parts.eos_ids,
                       .add_bos_token = parts.add_bos_token,
                       .add_eos_token = parts.add_eos_token};
  if (roles.eos_ids.empty() && roles.eos && roles.eos->id) roles.eos_ids = {*roles.eos->id};
  return roles;
}

/// The added tokens as a normalizer leaves them. Throws format_error if nothing is left.
[[nodiscard]] inline std::vector<added_token> normalized_tokens(std::vector<added_token> tokens,
                                                                const normalizer& change) {
  for (added_token& token : tokens) {
    const std::string content = token.content;
    bool at_start = true;
    change.apply(token.content, at_start);
    if (token.content.empty())
      throw format_error(concat("tokenizer.json: added_tokens: the normalizer leaves nothing of ",
                                quote_token(content)));
    const auto same =
        std::ranges::find(tokens.data(), &token, token.content, &added_token::content);
    if (same != &token)
      throw format_error(concat("tokenizer.json: added_tokens: the normalizer makes ",
                                quote_token(content), " the same as another one"));
  }
  return tokens;
}

}  // namespace detail

PREFOPT_INLINE hf_tokenizer hf_tokenizer::from_directory(const std::filesystem::path& directory) {
  check_folder(directory);
  return hf_tokenizer(read_tokenizer_files(directory), directory);
}

PREFOPT_INLINE hf_tokenizer hf_tokenizer::from_files(std::vector<tokenizer_file> files) {
  return hf_tokenizer(std::move(files), {});
}

PREFOPT_INLINE hf_tokenizer hf_tokenizer::byte_level() { return from_files(byte_level_files()); }

PREFOPT_INLINE hf_tokenizer::hf_tokenizer(std::vector<tokenizer_file> files,
                                          const std::filesystem::path& directory) {
  std::vector<tokenizer_file> all = files;
  if (!directory.empty()) {
    // It belongs to the model, so it is not among the files that are written with the tokenizer.
    constexpr std::array names{"generation_config.json"};
    std::ranges::move(read_folder_files(directory, names), std::back_inserter(all));
  }
  tokenizer_parts parts = read_tokenizer_parts(all, directory);
  std::vector<added_token> special;
  for (const auto* list : {&parts.first_added, &parts.then_added})
    std::ranges::copy_if(*list, std::back_inserter(special), &added_token::special);
  const bool decodes_bytes = parts.decodes_bytes();
  const std::vector<added_token> normalized =
      detail::normalized_tokens(parts.then_added, parts.normalizer);
  std::unordered_map<token_id, std::string> normalized_text;
  for (std::size_t i = 0; i < normalized.size(); ++i)
    if (normalized[i].content != parts.then_added[i].content)
      normalized_text.emplace(normalized[i].id, normalized[i].content);
  special_tokens roles = detail::find_roles(parts);
  bpe_model model(parts.tokens, parts.only_added, std::move(parts.merges), parts.model,
                  parts.splitter.gives_bytes());
  it_ = std::make_shared<const state>(
      state{.files = std::move(files),
            .tokens = std::move(parts.tokens),
            .normalizer = parts.normalizer,
            .splitter = std::move(parts.splitter),
            .model = std::move(model),
            .processor = std::move(parts.processor),
            .decoder = std::move(parts.decoder),
            .decodes_bytes = decodes_bytes,
            .normalized_text = std::move(normalized_text),
            .first_added = added_token_matcher(std::move(parts.first_added)),
            .then_added = added_token_matcher(normalized),
            .special = added_token_matcher(std::move(special)),
            .end_of_text = roles.eos ? roles.eos->text : std::string(gpt2_end_of_text),
            .roles = std::move(roles)});
}

PREFOPT_INLINE token_ids hf_tokenizer::encode(std::string_view text) const {
  return encode_all(text, false);
}

PREFOPT_INLINE token_ids hf_tokenizer::encode_with_special(std::string_view text) const {
  return it_->processor.apply(encode_all(text, false));
}

PREFOPT_INLINE token_ids hf_tokenizer::encode_split(std::string_view text) const {
  return encode_all(text, true);
}

PREFOPT_INLINE std::optional<text_range> hf_tokenizer::find_special_token(std::string_view text,
                                                                          std::size_t from) const {
  const auto match = it_->special.find(text, from);
  return match ? std::optional(text_range{match->begin, match->end}) : std::nullopt;
}

PREFOPT_INLINE std::string hf_tokenizer::decode(std::span<const token_id> ids) const {
  if (it_->decodes_bytes) {
    std::string text;
    for (const token_id id : ids) text += bytes(id);
    return text;
  }
  std::vector<std::string> tokens;
  for (const token_id id : ids) tokens.push_back(bytes(id));
  return it_->decoder.decode(std::move(tokens));
}

PREFOPT_INLINE std::string hf_tokenizer::display(token_id id) const {
  return replace_broken_utf8(it_->decodes_bytes ? bytes(id) : it_->decoder.piece(bytes(id)));
}

PREFOPT_INLINE token_ids hf_tokenizer::encode_all(std::string_view text, bool skip_special) const {
  if (text.size() > std::numeric_limits<std::uint32_t>::max() / 2) {
    throw value_error(
        concat("tokenizer: a text of ", text.size(), " bytes, expected at most 2 GiB"));
  }
  encoding to{text, skip_special, {}};
  to.ids.reserve(text.size() / 4 + 1);
  it_->first_added.cut(
      text, skip_special, [&](std::string_view part) { encode_part(part, to); },
      [&](const added_token& token) { to.ids.push_back(token.id); });
  return std::move(to.ids);
}

PREFOPT_INLINE void hf_tokenizer::encode_part(std::string_view part, encoding& to) const {
  for_each_utf8_stretch(part, [&](std::string_view stretch, bool valid) {
    if (valid) return encode_valid(stretch, to);
    if (!it_->splitter.is_byte_level()) {
      throw value_error(concat("tokenizer: the broken byte ",
                               static_cast<unsigned char>(stretch[0]), " at byte ",
                               stretch.data() - to.text.data(),
                               " of the text: the vocabulary is of characters, expected UTF-8"));
    }
    if (it_->splitter.gives_bytes())
      encode_word(stretch, to);
    else
      encode_word(to_byte_symbols(stretch), to);
  });
}

PREFOPT_INLINE void hf_tokenizer::encode_valid(std::string_view part, encoding& to) const {
  bool at_start = part.data() == to.text.data();
  std::string changed;
  if (!it_->normalizer.empty()) {
    changed = part;
    it_->normalizer.apply(changed, at_start);
    part = changed;
  }
  it_->then_added.cut(
      part, to.skip_special,
      [&](std::string_view text) {
        it_->splitter.for_each_word(text, at_start && text.data() == part.data(),
                                    [&](std::string_view word) { encode_word(word, to); });
      },
      [&](const added_token& token) { to.ids.push_back(token.id); });
}

PREFOPT_INLINE void hf_tokenizer::encode_word(std::string_view word, encoding& to) const {
  if (const auto unknown = it_->model.encode(word, to.ids))
    throw detail::unknown_symbol(word, *unknown, to.text);
}

}  // namespace prefopt::inline v0_2
