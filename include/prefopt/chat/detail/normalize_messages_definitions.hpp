// SPDX-License-Identifier: MIT
#pragma once
// The definitions of normalize_messages.

#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/chat/normalize_messages.hpp"
#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE nlohmann::ordered_json normalize_messages(const nlohmann::ordered_json& messages) {
  using json = nlohmann::ordered_json;
  if (!messages.is_array()) throw value_error("messages are not a list");
  json result = json::array();
  for (const json& message : messages) {
    if (!message.is_object()) throw value_error("a message is not an object");
    json kept = json::object();
    for (const auto& [key, what] : message.items())
      if (!what.is_null()) kept.get_ref<json::object_t&>().emplace_back(key, what);
    for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
      if (!kept.contains(name)) continue;
      const json reasoning = kept.at(name);
      json named = json::object();
      named["thinking"] = reasoning;  // first, and the message's own value if it has one
      for (const auto& [key, what] : kept.items()) named[key] = what;
      named["reasoning_content"] = reasoning;
      kept = std::move(named);
      break;
    }
    result.push_back(std::move(kept));
  }
  return result;
}

}  // namespace prefopt::inline v0_2
