// SPDX-License-Identifier: MIT
#pragma once
// from_json: a template's variable from JSON.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/chat/detail/code_points.hpp"
#include "prefopt/chat/detail/value.hpp"
#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2::detail::jinja {

[[nodiscard]] inline value text_from_json(const std::string& text) {
  if (!is_utf8(text)) throw value_error("a text in the template's variables is not UTF-8");
  return value(text);
}

/// Throws value_error for a text that is not UTF-8, an integer above 2^63 - 1, and depth beyond
/// deepest_value.
[[nodiscard]] inline value from_json(const nlohmann::ordered_json& json, std::size_t depth = 0) {
  using kind = nlohmann::ordered_json::value_t;
  if (depth > deepest_value - 50)
    throw value_error("the template's variables are nested too deeply");
  switch (json.type()) {
    case kind::boolean:
      return json.get<bool>();
    case kind::number_float:
      return json.get<double>();
    case kind::number_integer:
      return json.get<std::int64_t>();
    case kind::number_unsigned:
      if (std::in_range<std::int64_t>(json.get<std::uint64_t>()))
        return static_cast<std::int64_t>(json.get<std::uint64_t>());
      throw value_error(concat(json.get<std::uint64_t>(), " is more than 2^63 - 1, the largest ",
                               "integer that a template can use"));
    case kind::string:
      return text_from_json(json.get_ref<const std::string&>());
    case kind::array: {
      std::vector<value> items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(from_json(item, depth + 1));
      return make_sequence(std::move(items));
    }
    case kind::object: {
      auto dict = std::make_shared<dictionary>();
      for (const auto& [key, mapped] : json.items())
        dict->set(text_from_json(key), from_json(mapped, depth + 1));
      return value(value::dictionary_ptr(std::move(dict)));
    }
    default:
      return value();
  }
}

}  // namespace prefopt::inline v0_2::detail::jinja
