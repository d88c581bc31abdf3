// SPDX-License-Identifier: MIT
#pragma once
// The definitions of word_splitter.

#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/detail/part_reader.hpp"
#include "prefopt/tokenizers/detail/unicode_classes.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/split_behavior.hpp"
#include "prefopt/tokenizers/text_pattern.hpp"
#include "prefopt/tokenizers/word_splitter.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

[[nodiscard]] inline split_behavior read_behavior(const json_object& part) {
  constexpr std::pair<std::string_view, split_behavior> names[] = {
      {"Removed", split_behavior::removed},
      {"Isolated", split_behavior::isolated},
      {"MergedWithPrevious", split_behavior::merged_with_previous},
      {"MergedWithNext", split_behavior::merged_with_next},
      {"Contiguous", split_behavior::contiguous}};
  const std::string& given = part.text("behavior");
  for (const auto& [name, behavior] : names)
    if (given == name) return behavior;
  throw format_error(concat(part.name(), ": behavior ", quote_token(given), " is not supported"));
}

}  // namespace detail

PREFOPT_INLINE word_splitter word_splitter::read(const nlohmann::json& value,
                                                 const std::string& where) {
  word_splitter result;
  if (!value.is_null()) result.add(value, where);
  return result;
}

PREFOPT_INLINE word_splitter word_splitter::gpt2() {
  word_splitter result;
  result.steps_.emplace_back(byte_level{});
  return result;
}

PREFOPT_INLINE void word_splitter::add(const nlohmann::json& value, const std::string& where) {
  const json_object part(value, where);
  const std::string& type = part.text("type");
  const auto add_split = [&](const std::string& expression, split_behavior behavior,
                             bool invert = false) {
    steps_.push_back(split{text_pattern::of_pcre2(expression), behavior, invert});
  };
  const std::string space(detail::white_space_items);
  if (type == "Sequence") {
    detail::for_each_part(part, "pretokenizers",
                          [&](const auto& each, const auto& place) { add(each, place); });
  } else if (type == "ByteLevel") {
    detail::check_members(part, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (is_byte_level()) throw format_error(concat(where, ": a second ByteLevel is not supported"));
    (void)part.optional_boolean("trim_offsets");  // concerns offsets, not ids
    steps_.emplace_back(byte_level{part.boolean("add_prefix_space"),
                                   part.optional_boolean("use_regex").value_or(true)});
  } else if (type == "Split") {
    detail::check_members(part, {"type", "pattern", "behavior", "invert"});
    steps_.push_back(
        split{detail::read_pattern(part), detail::read_behavior(part), part.boolean("invert")});
  } else if (type == "Digits") {
    detail::check_members(part, {"type", "individual_digits"});
    add_split("[" + detail::digit_items() + "]", part.boolean("individual_digits")
                                                     ? split_behavior::isolated
                                                     : split_behavior::contiguous);
  } else if (type == "Punctuation") {
    detail::check_members(part, {"type", "behavior"});
    add_split(detail::punctuation_expression(),
              part.has("behavior") ? detail::read_behavior(part) : split_behavior::isolated);
  } else if (type == "Whitespace") {
    detail::check_members(part, {"type"});
    const std::string word = detail::word_items(false);
    add_split("[" + word + "]+|[^" + word + space + "]+", split_behavior::removed, true);
  } else if (type == "WhitespaceSplit") {
    detail::check_members(part, {"type"});
    add_split("[" + space + "]", split_behavior::removed);
  } else if (type == "Metaspace") {
    add_metaspace(value, where);
  } else {
    detail::refuse_type(part);
  }
  detail::check_part_count(steps_, where);
}

PREFOPT_INLINE void word_splitter::add_metaspace(const nlohmann::json& value,
                                                 const std::string& where) {
  const json_object part(value, where);
  detail::check_members(
      part, {"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
  const std::string replacement = detail::read_character(part, "replacement");
  const std::string scheme = part.optional_text("prepend_scheme").value_or("always");
  metaspace made{replacement, prepend_scheme::always, part.optional_boolean("split").value_or(true),
                 text_pattern::of_text(replacement, where)};
  if (scheme == "first")
    made.scheme = prepend_scheme::first;
  else if (scheme == "never")
    made.scheme = prepend_scheme::never;
  else if (scheme != "always")
    throw format_error(
        concat(where, ": prepend_scheme ", quote_token(scheme), " is not supported"));
  // the name of older files
  if (!part.optional_boolean("add_prefix_space").value_or(true)) {
    if (part.has("prepend_scheme") && scheme != "never")
      throw format_error(concat(where, ": add_prefix_space is false, but prepend_scheme is ",
                                quote_token(scheme)));
    made.scheme = prepend_scheme::never;
  }
  steps_.push_back(std::move(made));
}

}  // namespace prefopt::inline v0_2
