// SPDX-License-Identifier: MIT
#pragma once
// The definitions for a tokenizer.json.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/detail/added_token_flags.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/merges.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_json.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Rejects a member `key` that exists and is not `expected`.
inline void require_text(const json_object& object, std::string_view key,
                         std::string_view expected) {
  if (!object.has(key)) return;
  if (const std::string& text = object.text(key); text != expected) {
    throw format_error(concat(object.name(), ": ", key, " is ", quote_token(text), ", only ",
                              quote_token(expected), " is supported"));
  }
}

/// Rejects a member `key` that exists and is neither null nor `expected`.
inline void require_boolean(const json_object& object, std::string_view key, bool expected) {
  if (object.optional_boolean(key).value_or(expected) != expected) {
    throw format_error(concat(object.name(), ": ", key, " is ", expected ? "false" : "true",
                              ", which is not supported"));
  }
}

inline void check_pipeline(const json_object& file) {
  if (file.has_value("normalizer")) {
    throw format_error(concat(file.name(), ": normalizer is ", describe_json(file.at("normalizer")),
                              ", only null is supported"));
  }
  const json_object pre_tokenizer = file.object("pre_tokenizer");
  (void)pre_tokenizer.text("type");
  require_text(pre_tokenizer, "type", "ByteLevel");
  if (pre_tokenizer.boolean("add_prefix_space")) {
    throw format_error(
        concat(pre_tokenizer.name(), ": add_prefix_space is true, which is not supported"));
  }
  require_boolean(pre_tokenizer, "use_regex", true);
  if (file.has_value("decoder")) require_text(file.object("decoder"), "type", "ByteLevel");
  if (file.has_value("post_processor")) {
    const json_object post_processor = file.object("post_processor");
    // A template without its own tokens does not change the ids; neither does ByteLevel, which
    // trims offsets.
    const bool harmless = post_processor.text("type") == "TemplateProcessing" &&
                          post_processor.object("special_tokens").json().empty();
    if (!harmless) require_text(post_processor, "type", "ByteLevel");
  }
}

inline void check_model(const json_object& model) {
  require_text(model, "type", "BPE");
  for (const char* key : {"unk_token", "continuing_subword_prefix", "end_of_word_suffix"})
    if (model.has_value(key)) require_text(model, key, "");
  if (model.has_value("dropout") && model.number("dropout") != 0) {
    throw format_error(
        concat(model.name(), ": dropout is ", model.number("dropout"), ", which is not supported"));
  }
  for (const char* key : {"fuse_unk", "byte_fallback", "ignore_merges"})
    require_boolean(model, key, false);
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
  const json_object model = file.object("model");
  detail::check_pipeline(file);
  detail::check_model(model);
  tokenizer_parts parts;
  parts.tokens = vocabulary(model.object("vocab"));
  parts.merges = read_merges_json(model.list("merges"), model.name(), parts.tokens);
  if (!file.has_value("added_tokens")) return parts;
  for (const nlohmann::json& element : file.list("added_tokens")) {
    const json_object token(element, concat(name, ": added_tokens"));
    detail::check_added_token_flags(token);
    const auto id = token.integer("id", 0, std::numeric_limits<token_id>::max());
    const bool special = token.optional_boolean("special").value_or(false);
    parts.add(token.text("content"), static_cast<token_id>(id),
              token.optional_boolean("normalized").value_or(!special), token.name());
  }
  return parts;
}

}  // namespace prefopt::inline v0_2
