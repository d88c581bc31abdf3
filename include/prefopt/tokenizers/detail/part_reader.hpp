// SPDX-License-Identifier: MIT
#pragma once
// Reading the parts of a tokenizer.json: {"type": NAME, ...}. A member that a part does not have is
// refused, never ignored.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/text_pattern.hpp"

namespace prefopt::inline v0_2::detail {

/// The longest sequence of normalizers, pre-tokenizers, post-processors or decoders.
inline constexpr std::size_t part_limit = 64;

/// Throws format_error if the object has another member than these.
inline void check_members(const json_object& object,
                          std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.json().items())
    if (std::ranges::find(known, key) == known.end())
      throw format_error(concat(object.name(), ": key \"", printable(key), "\" is not supported"));
}

/// Rejects a part of a type that does not exist here.
[[noreturn]] inline void refuse_type(const json_object& part) {
  throw format_error(
      concat(part.name(), ": type ", quote_token(part.text("type")), " is not supported"));
}

/// Calls `add(value, where)` for each element of a Sequence's list.
template <class Add>
void for_each_part(const json_object& sequence, std::string_view key, Add&& add) {
  check_members(sequence, {"type", key});
  const nlohmann::json& list = sequence.list(key);
  for (std::size_t i = 0; i < list.size(); ++i)
    add(list[i], concat(sequence.name(), ": ", key, "[", i, "]"));
}

template <class Steps>
void check_part_count(const Steps& steps, const std::string& where) {
  if (steps.size() > part_limit)
    throw format_error(concat(where, ": more than ", part_limit, " parts in sequence"));
}

/// {"String": text} or {"Regex": expression}.
[[nodiscard]] inline text_pattern read_pattern(const json_object& part) {
  const json_object pattern = part.object("pattern");
  check_members(pattern, {"String", "Regex"});
  if (pattern.json().size() != 1)
    throw format_error(concat(pattern.name(), ": expected either String or Regex"));
  if (pattern.has("String")) return text_pattern::of_text(pattern.text("String"), pattern.name());
  return text_pattern::of_expression(pattern.text("Regex"), pattern.name());
}

/// A member that is a single character. Returns its UTF-8.
[[nodiscard]] inline std::string read_character(const json_object& part, std::string_view key) {
  const std::string& text = part.text(key);
  if (text.empty() || utf8_at(text, 0).length != text.size())
    throw format_error(
        concat(part.name(), ": ", key, " is ", quote_token(text), ", expected one character"));
  return text;
}

}  // namespace prefopt::inline v0_2::detail
