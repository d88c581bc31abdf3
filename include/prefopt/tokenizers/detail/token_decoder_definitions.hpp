// SPDX-License-Identifier: MIT
#pragma once
// The definitions of token_decoder.

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/detail/part_reader.hpp"
#include "prefopt/tokenizers/token_decoder.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE token_decoder token_decoder::read(const nlohmann::json& value,
                                                 const std::string& where) {
  token_decoder result;
  if (value.is_null()) return result;
  result.is_default_ = false;
  result.add(value, where);
  return result;
}

PREFOPT_INLINE void token_decoder::add(const nlohmann::json& value, const std::string& where) {
  const json_object part(value, where);
  const std::string& type = part.text("type");
  if (type == "Sequence") {
    detail::for_each_part(part, "decoders",
                          [&](const auto& each, const auto& place) { add(each, place); });
  } else if (type == "ByteLevel") {
    detail::check_members(part, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    steps_.push_back(byte_level{});
  } else if (type == "Replace") {
    detail::check_members(part, {"type", "pattern", "content"});
    steps_.push_back(replace{detail::read_pattern(part), part.text("content")});
  } else if (type == "ByteFallback") {
    detail::check_members(part, {"type"});
    steps_.push_back(byte_fallback{});
  } else if (type == "Fuse") {
    detail::check_members(part, {"type"});
    steps_.push_back(fuse{});
  } else if (type == "Strip") {
    detail::check_members(part, {"type", "content", "start", "stop"});
    const auto count = [&](const char* key) {
      return static_cast<std::size_t>(part.integer(key, 0));
    };
    steps_.push_back(strip{detail::read_character(part, "content"), count("start"), count("stop")});
  } else if (type == "Metaspace") {
    detail::check_members(
        part, {"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
    const bool never = part.optional_text("prepend_scheme").value_or("always") == "never" ||
                       !part.optional_boolean("add_prefix_space").value_or(true);
    steps_.push_back(metaspace{detail::read_character(part, "replacement"), !never});
  } else {
    detail::refuse_type(part);
  }
  detail::check_part_count(steps_, where);
}

}  // namespace prefopt::inline v0_2
