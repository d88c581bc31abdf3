// SPDX-License-Identifier: MIT
#pragma once
// The definitions of normalizer.

#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/detail/part_reader.hpp"
#include "prefopt/tokenizers/normalizer.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE normalizer normalizer::read(const nlohmann::json& value, const std::string& where) {
  normalizer result;
  if (!value.is_null()) result.add(value, where);
  return result;
}

PREFOPT_INLINE void normalizer::add(const nlohmann::json& value, const std::string& where) {
  const json_object part(value, where);
  const std::string& type = part.text("type");
  const auto add_plain = [&](const step& one) {
    detail::check_members(part, {"type"});
    steps_.push_back(one);
  };
  if (type == "Sequence") {
    detail::for_each_part(part, "normalizers",
                          [&](const auto& each, const auto& place) { add(each, place); });
  } else if (type == "NFC") {
    add_plain(normal_form::nfc);
  } else if (type == "NFD") {
    add_plain(normal_form::nfd);
  } else if (type == "NFKC") {
    add_plain(normal_form::nfkc);
  } else if (type == "NFKD") {
    add_plain(normal_form::nfkd);
  } else if (type == "Lowercase") {
    add_plain(lower_case{});
  } else if (type == "Prepend") {
    detail::check_members(part, {"type", "prepend"});
    steps_.push_back(prepend{part.text("prepend")});
  } else if (type == "Replace") {
    detail::check_members(part, {"type", "pattern", "content"});
    steps_.push_back(replace{detail::read_pattern(part), part.text("content")});
  } else if (type == "Strip") {
    detail::check_members(part, {"type", "strip_left", "strip_right"});
    steps_.push_back(strip{part.boolean("strip_left"), part.boolean("strip_right")});
  } else {
    detail::refuse_type(part);
  }
  detail::check_part_count(steps_, where);
}

}  // namespace prefopt::inline v0_2
