// SPDX-License-Identifier: MIT
#pragma once
// The definitions of post_processor.

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/detail/part_reader.hpp"
#include "prefopt/tokenizers/post_processor.hpp"
#include "prefopt/tokenizers/quote_token.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The most pieces of a template; each may repeat the text.
inline constexpr std::size_t template_limit = 256;

/// The ids of a template's token, {"id": "<s>"}, from its table of special tokens.
[[nodiscard]] inline token_ids template_ids(const json_object& token, const json_object& table) {
  const std::string& name = token.text("id");
  if (!table.has(name))
    throw format_error(
        concat(token.name(), ": ", quote_token(name), " is not among ", table.name()));
  const json_object entry = table.object(name);
  token_ids ids;
  for (const nlohmann::json& id : entry.list("ids"))
    ids.push_back(static_cast<token_id>(
        to_integer(id, concat(entry.name(), ": an id"), 0, std::numeric_limits<token_id>::max())));
  return ids;
}

}  // namespace detail

PREFOPT_INLINE post_processor post_processor::read(const nlohmann::json& value,
                                                   const std::string& where) {
  post_processor result;
  if (!value.is_null()) result.add(value, where);
  return result;
}

PREFOPT_INLINE void post_processor::add(const nlohmann::json& value, const std::string& where) {
  const json_object part(value, where);
  const std::string& type = part.text("type");
  if (type == "Sequence")
    detail::for_each_part(part, "processors",
                          [&](const auto& each, const auto& place) { add(each, place); });
  else if (type == "TemplateProcessing")
    add_template(value, where);
  else if (type == "ByteLevel")  // concerns offsets, not ids
    detail::check_members(part, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
  else
    detail::refuse_type(part);
}

PREFOPT_INLINE void post_processor::add_template(const nlohmann::json& value,
                                                 const std::string& where) {
  const json_object part(value, where);
  // "pair" is for two texts in one sequence, which models of this library never get
  detail::check_members(part, {"type", "single", "pair", "special_tokens"});
  // the library would apply its "pair" template to the tokens of the first and the text
  if (!is_neutral())
    throw format_error(concat(where, ": a second TemplateProcessing is not supported"));
  const json_object table = part.object("special_tokens");
  std::vector<piece> made;
  bool has_text = false;
  const nlohmann::json& single = part.list("single");
  for (std::size_t i = 0; i < single.size(); ++i) {
    const json_object one(single[i], concat(where, ": single[", i, "]"));
    detail::check_members(one, {"SpecialToken", "Sequence"});
    if (one.has("SpecialToken")) {
      made.emplace_back(detail::template_ids(one.object("SpecialToken"), table));
    } else {
      const json_object text = one.object("Sequence");
      if (text.text("id") != "A")
        throw format_error(
            concat(text.name(), ": id ", quote_token(text.text("id")), ", expected \"A\""));
      made.emplace_back();
      has_text = true;
    }
    if (made.size() > detail::template_limit)
      throw format_error(concat(where, ": more than ", detail::template_limit, " pieces"));
  }
  if (!has_text) throw format_error(concat(where, ": single has no Sequence \"A\""));
  pieces_ = std::move(made);
}

}  // namespace prefopt::inline v0_2
