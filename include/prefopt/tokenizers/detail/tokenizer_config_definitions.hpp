// SPDX-License-Identifier: MIT
#pragma once
// The definitions for the small files next to a tokenizer's vocabulary.

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/detail/added_token_flags.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_config.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The text of a token that a file names directly ("<s>") or as an object ({"content": "<s>",
/// ...}).
[[nodiscard]] inline std::string named_token(const nlohmann::json& value,
                                             const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  const json_object token(value, where);
  check_added_token_flags(token);
  return token.text("content");
}

/// The tokens that the file names for a role are found in texts if the vocabulary has them. Tokens
/// without an entry would get ids in transformers that the model has no row for; here they remain
/// text.
inline void add_named_tokens(tokenizer_parts& parts, const json_object& file) {
  const auto add = [&](const nlohmann::json& value, const std::string& where) {
    const std::string content = named_token(value, where);
    if (const auto id = parts.tokens.find(content)) parts.add(content, *id, false, where);
  };
  for (const char* key : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
                          "cls_token", "mask_token"}) {
    if (file.has_value(key)) add(file.at(key), concat(file.name(), ": ", key));
  }
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!file.has_value(key)) continue;
    const std::string where = concat(file.name(), ": ", key);
    const nlohmann::json& values = file.at(key);
    if (!values.is_array() && !values.is_object())
      throw format_error(concat(where, " is ", describe_json(values), ", expected a list"));
    for (const nlohmann::json& value : values) add(value, where);
  }
  if (!file.has_value("eos_token")) return;
  const std::string end = named_token(file.at("eos_token"), concat(file.name(), ": eos_token"));
  if (!parts.end_of_text) {
    parts.end_of_text = {.text = end, .from = file.name()};
  } else if (parts.end_of_text->text != end) {
    // Here transformers takes the map's token, no matter how old the map is.
    throw format_error(concat(file.name(), ": eos_token is ", quote_token(end), ", but in ",
                              parts.end_of_text->from, " it is ",
                              quote_token(parts.end_of_text->text), "; remove the outdated one"));
  }
}

/// `{"50256": {"content": "<|endoftext|>", ...}, ...}`
inline void add_decoder_tokens(tokenizer_parts& parts, const json_object& decoder) {
  for (const auto& [key, value] : decoder.json().items()) {
    token_id id = -1;
    const auto [end, failure] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (failure != std::errc{} || end != key.data() + key.size() || id < 0) {
      throw format_error(
          concat(decoder.name(), ": the key ", quote_token(key), " is not a token id"));
    }
    const json_object token(value, concat(decoder.name(), ": ", key));
    check_added_token_flags(token);
    const bool special = token.optional_boolean("special").value_or(false);
    parts.add(token.text("content"), id, token.optional_boolean("normalized").value_or(!special),
              token.name());
  }
}

}  // namespace detail

PREFOPT_INLINE void read_tokenizer_config(tokenizer_parts& parts, std::string_view text,
                                          const std::string& name) {
  // The last two are transformers' names for a tokenizer that tokenizer.json describes completely.
  constexpr std::array<std::string_view, 4> classes{"GPT2Tokenizer", "GPT2TokenizerFast",
                                                    "PreTrainedTokenizerFast", "TokenizersBackend"};
  const nlohmann::json json = parse_json(text, name);
  const json_object file(json, name);
  if (const auto kind = file.optional_text("tokenizer_class");
      kind && std::ranges::find(classes, *kind) == classes.end()) {
    throw format_error(
        concat(name, ": tokenizer_class is ", quote_token(*kind), ", expected a GPT2Tokenizer"));
  }
  for (const char* key :
       {"add_prefix_space", "add_bos_token", "add_eos_token", "split_special_tokens"}) {
    if (file.optional_boolean(key).value_or(false))
      throw format_error(concat(name, ": ", key, " is true, which is not supported"));
  }
  parts.has_decoder = file.has_value("added_tokens_decoder");
  if (parts.has_decoder) detail::add_decoder_tokens(parts, file.object("added_tokens_decoder"));
  detail::add_named_tokens(parts, file);
}

PREFOPT_INLINE void read_special_tokens_map(tokenizer_parts& parts, std::string_view text,
                                            const std::string& name) {
  const nlohmann::json json = parse_json(text, name);
  detail::add_named_tokens(parts, json_object(json, name));
}

PREFOPT_INLINE void read_added_tokens(tokenizer_parts& parts, std::string_view text,
                                      const std::string& name) {
  const nlohmann::json json = parse_json(text, name);
  for (const auto& [content, id] : json_object(json, name).json().items()) {
    const auto number = to_integer(id, concat(name, ": the id of ", quote_token(content)), 0,
                                   std::numeric_limits<token_id>::max());
    parts.add(content, static_cast<token_id>(number), true, name);
  }
}

}  // namespace prefopt::inline v0_2
