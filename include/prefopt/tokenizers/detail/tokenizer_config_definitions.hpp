// SPDX-License-Identifier: MIT
#pragma once
// The definitions for the small files next to a tokenizer's vocabulary.

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/detail/read_added_token.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_config.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A token that a file names directly ("<s>") or as an object ({"content": "<s>", ...}).
[[nodiscard]] inline added_token named_token(const nlohmann::json& value,
                                             const std::string& where) {
  added_token token{.content = {}, .id = -1, .special = true};
  if (value.is_string()) {
    token.content = value.get<std::string>();
  } else {
    token = read_added_token(json_object(value, where), -1);
    token.special = true;
  }
  return token;
}

/// Keeps the first token that a file names for a role. Two files must agree: transformers takes the
/// map's token, no matter how old the map is.
inline void name_role(std::optional<tokenizer_parts::named>& role, const json_object& file,
                      const char* key) {
  if (!file.has_value(key)) return;
  const std::string text = named_token(file.at(key), concat(file.name(), ": ", key)).content;
  if (!role) {
    role = {.text = text, .from = file.name()};
  } else if (role->text != text) {
    throw format_error(concat(file.name(), ": ", key, " is ", quote_token(text), ", but in ",
                              role->from, " it is ", quote_token(role->text),
                              "; remove the outdated one"));
  }
}

/// The tokens that the file names for a role are found in texts if the vocabulary has them. Tokens
/// without an entry would get ids in transformers that the model has no row for; here they remain
/// text.
inline void add_named_tokens(tokenizer_parts& parts, const json_object& file) {
  const auto add = [&](const nlohmann::json& value, const std::string& where) {
    added_token token = named_token(value, where);
    const auto id = parts.tokens.find(token.content);
    if (!id) return;
    token.id = *id;
    parts.add(token, false, where, value.is_object());
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
  name_role(parts.bos, file, "bos_token");
  name_role(parts.end_of_text, file, "eos_token");
  name_role(parts.pad, file, "pad_token");
  name_role(parts.unk, file, "unk_token");
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
    const added_token added = read_added_token(token, id);
    parts.add(added, token.optional_boolean("normalized").value_or(!added.special), token.name(),
              true);
  }
}

/// Rejects a tokenizer_config.json without a tokenizer.json unless it describes GPT-2's tokenizer.
inline void check_gpt2_config(const json_object& file) {
  // The last two are transformers' names for a tokenizer that tokenizer.json describes completely.
  constexpr std::array<std::string_view, 4> classes{"GPT2Tokenizer", "GPT2TokenizerFast",
                                                    "PreTrainedTokenizerFast", "TokenizersBackend"};
  if (const auto kind = file.optional_text("tokenizer_class");
      kind && std::ranges::find(classes, *kind) == classes.end()) {
    throw format_error(concat(file.name(), ": tokenizer_class is ", quote_token(*kind),
                              ", expected a GPT2Tokenizer, or a tokenizer.json"));
  }
  for (const char* key : {"add_prefix_space", "add_bos_token", "add_eos_token"})
    if (file.optional_boolean(key).value_or(false))
      throw format_error(concat(file.name(), ": ", key, " is true, which is not supported"));
}

/// Rejects a tokenizer_config.json that contradicts the tokenizer.json next to it: some versions of
/// transformers follow the one, some the other.
inline void check_config_beside(const tokenizer_parts& parts, const json_object& file) {
  const auto check = [&](const char* key, bool does, std::string_view part) {
    const auto flag = file.optional_boolean(key);
    if (!flag || *flag == does) return;
    throw format_error(concat(file.name(), ": ", key, " is ", *flag ? "true" : "false",
                              ", but the ", part, " of tokenizer.json ",
                              does ? "does that" : "does not", "; remove the outdated one"));
  };
  const auto adds = [&](const std::optional<tokenizer_parts::named>& role, const token_ids& ids) {
    if (!role) return !ids.empty();
    const auto id = parts.tokens.find(role->text);
    return id && std::ranges::find(ids, *id) != ids.end();
  };
  check("add_prefix_space", parts.normalizer.prepends() || parts.splitter.adds_space(),
        "pre-tokenizer");
  check("add_bos_token", adds(parts.bos, parts.processor.prefix()), "post-processor");
  check("add_eos_token", adds(parts.end_of_text, parts.processor.suffix()), "post-processor");
}

}  // namespace detail

PREFOPT_INLINE void read_tokenizer_config(tokenizer_parts& parts, std::string_view text,
                                          const std::string& name) {
  const nlohmann::json json = parse_json(text, name);
  const json_object file(json, name);
  if (!parts.is_whole) detail::check_gpt2_config(file);
  if (file.optional_boolean("split_special_tokens").value_or(false))
    throw format_error(concat(name, ": split_special_tokens is true, which is not supported"));
  parts.has_decoder = file.has_value("added_tokens_decoder");
  if (parts.has_decoder) detail::add_decoder_tokens(parts, file.object("added_tokens_decoder"));
  detail::add_named_tokens(parts, file);
  if (parts.is_whole) detail::check_config_beside(parts, file);
  parts.add_bos_token = file.optional_boolean("add_bos_token");
  parts.add_eos_token = file.optional_boolean("add_eos_token");
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
    parts.add({.content = content, .id = static_cast<token_id>(number)}, true, name);
  }
}

PREFOPT_INLINE void read_generation_config(tokenizer_parts& parts, std::string_view text,
                                           const std::string& name) {
  const nlohmann::json json = parse_json(text, name);
  const json_object file(json, name);
  if (!file.has_value("eos_token_id")) return;
  const auto add = [&](const nlohmann::json& id) {
    parts.eos_ids.push_back(static_cast<token_id>(
        to_integer(id, concat(name, ": eos_token_id"), 0, std::numeric_limits<token_id>::max())));
  };
  const nlohmann::json& ids = file.at("eos_token_id");
  if (!ids.is_array()) return add(ids);
  for (const nlohmann::json& id : ids) add(id);
}

}  // namespace prefopt::inline v0_2
