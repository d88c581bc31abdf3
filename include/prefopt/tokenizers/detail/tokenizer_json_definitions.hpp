// SPDX-License-Identifier: MIT
#pragma once
// The definitions for a tokenizer.json.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/bpe_options.hpp"
#include "prefopt/tokenizers/detail/part_reader.hpp"
#include "prefopt/tokenizers/detail/read_added_token.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/merges.hpp"
#include "prefopt/tokenizers/normalizer.hpp"
#include "prefopt/tokenizers/post_processor.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/token_decoder.hpp"
#include "prefopt/tokenizers/tokenizer_json.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"
#include "prefopt/tokenizers/word_splitter.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The options of the model. Those that are not supported must have no effect.
[[nodiscard]] inline bpe_options read_bpe_options(const json_object& model) {
  check_members(
      model, {"type", "vocab", "merges", "dropout", "unk_token", "fuse_unk",
              "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"});
  if (model.has("type") && model.text("type") != "BPE") {
    throw format_error(concat(model.name(), ": type is ", quote_token(model.text("type")),
                              ", only \"BPE\" is supported"));
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (const auto text = model.optional_text(key); text && !text->empty())
      throw format_error(
          concat(model.name(), ": ", key, " is ", quote_token(*text), ", which is not supported"));
  if (model.optional_number("dropout").value_or(0) != 0) {
    throw format_error(
        concat(model.name(), ": dropout is ", model.number("dropout"), ", which is not supported"));
  }
  return {.ignore_merges = model.optional_boolean("ignore_merges").value_or(false),
          .byte_fallback = model.optional_boolean("byte_fallback").value_or(false),
          .fuse_unk = model.optional_boolean("fuse_unk").value_or(false),
          .unk_token = model.optional_text("unk_token").value_or("")};
}

[[nodiscard]] inline const nlohmann::json& value_or_null(const json_object& file,
                                                         std::string_view key) {
  static const nlohmann::json null;
  return file.has(key) ? file.at(key) : null;
}

inline void read_added_tokens_list(tokenizer_parts& parts, const json_object& file) {
  const nlohmann::json& list = file.list("added_tokens");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json_object token(list[i], concat(file.name(), ": added_tokens[", i, "]"));
    check_members(token,
                  {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const auto id = token.integer("id", 0, std::numeric_limits<token_id>::max());
    const added_token added = read_added_token(token, static_cast<token_id>(id));
    parts.add(added, token.optional_boolean("normalized").value_or(!added.special), token.name(),
              true);
  }
}

}  // namespace detail

PREFOPT_INLINE merge_table read_merges_json(const nlohmann::json& list, std::string_view name,
                                            const vocabulary& tokens) {
  merge_table merges;
  for (std::uint32_t rank = 0; rank < list.size(); ++rank) {
    const nlohmann::json& merge = list[rank];
    const std::string where = concat(name, ": merge ", rank);
    if (merge.is_string()) {
      detail::insert_merge(merges, merge.get_ref<const std::string&>(), rank, tokens, where);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      if (merge[0] == "" || merge[1] == "")
        throw format_error(concat(where, ": an empty token cannot merge"));
      detail::insert_merge(merges, merge[0].get_ref<const std::string&>(),
                           merge[1].get_ref<const std::string&>(), rank, tokens, where);
    } else {
      throw format_error(concat(where, " is neither a text \"left right\" nor a pair of texts"));
    }
  }
  return merges;
}

PREFOPT_INLINE tokenizer_parts read_tokenizer_json(std::string_view text, const std::string& name) {
  const nlohmann::json json = parse_json(text, name);
  const json_object file(json, name);
  detail::check_members(file, {"version", "truncation", "padding", "added_tokens", "normalizer",
                               "pre_tokenizer", "post_processor", "decoder", "model"});
  const auto place = [&](const char* key) { return concat(name, ": ", key); };
  const auto part = [&](const char* key) -> const nlohmann::json& {
    return detail::value_or_null(file, key);
  };
  tokenizer_parts parts;
  parts.is_whole = true;
  const json_object model = file.object("model");
  parts.model = detail::read_bpe_options(model);
  parts.normalizer = normalizer::read(part("normalizer"), place("normalizer"));
  parts.splitter = word_splitter::read(part("pre_tokenizer"), place("pre_tokenizer"));
  parts.processor = post_processor::read(part("post_processor"), place("post_processor"));
  parts.decoder = token_decoder::read(part("decoder"), place("decoder"));
  parts.tokens = vocabulary(model.object("vocab"), parts.decodes_bytes());
  parts.merges = read_merges_json(model.list("merges"), model.name(), parts.tokens);
  if (const std::string& unk = parts.model.unk_token; !unk.empty() && !parts.tokens.find(unk)) {
    throw format_error(
        concat(model.name(), ": unk_token ", quote_token(unk), " is not in the vocabulary"));
  }
  if (file.has_value("added_tokens")) detail::read_added_tokens_list(parts, file);
  for (const token_id id : parts.processor.added())
    if (parts.tokens.bytes(id) == nullptr)
      throw format_error(concat(place("post_processor"), ": no token has the id ", id));
  return parts;
}

}  // namespace prefopt::inline v0_2
