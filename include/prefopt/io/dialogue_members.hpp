// SPDX-License-Identifier: MIT
#pragma once
// The members of a preference file's objects: prompts and responses as texts or as message lists, and token ids.

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/io/messages.hpp"

namespace prefopt::detail {

/// Token ids out of a JSON list; `where` begins the messages.
[[nodiscard]] inline token_ids to_token_ids(const nlohmann::json& list, const std::string& where) {
  token_ids ids;
  ids.reserve(list.size());
  const std::string one = join(where, ": a token id");
  for (const nlohmann::json& id : list)
    ids.push_back(static_cast<token_id>(to_integer(id, one, 0, std::numeric_limits<token_id>::max())));
  return ids;
}

[[nodiscard]] inline token_ids token_member(const json_object& object, std::string_view key) {
  return to_token_ids(object.list(key), join(object.name(), ": ", key));
}

/// The ids of a response, of which there must be one.
[[nodiscard]] inline token_ids response_ids(const json_object& object, std::string_view key) {
  token_ids ids = token_member(object, key);
  if (ids.empty()) throw format_error(join(object.name(), ": ", key, " is an empty list"));
  return ids;
}

/// What `render` makes of a message list. Throws format_error.
template <class Render>
[[nodiscard]] std::string rendered(const nlohmann::json& list, const std::string& where, const Render& render) {
  const std::vector<chat_message> messages = parse_messages(list, where);
  try {
    return render(messages);
  } catch (const value_error& cause) {
    throw format_error(join(where, ": ", cause.what()));
  }
}

/// The member "prompt", and in which kind the responses to it have to come.
struct prompt_member {
  std::string text;
  bool of_messages = false;
};

[[nodiscard]] inline prompt_member read_prompt(const json_object& object) {
  const nlohmann::json& prompt = object.at("prompt");
  if (!prompt.is_array()) return {object.text("prompt"), false};
  return {rendered(prompt, join(object.name(), ": prompt"), render_prompt), true};
}

/// A response's text out of a text or a message list, which it must be as the prompt is.
[[nodiscard]] inline std::string read_response(const nlohmann::json& value, const std::string& where,
                                               bool of_messages) {
  if (value.is_array() != of_messages && (value.is_array() || value.is_string())) {
    const char* kinds[] = {"a text", "a list of messages"};
    throw format_error(join(where, " is ", kinds[of_messages ? 0 : 1], " and the prompt ", kinds[of_messages ? 1 : 0],
                            ", both of one kind were wanted"));
  }
  if (of_messages) return rendered(value, where, render_response);
  if (!value.is_string()) throw format_error(join(where, " is ", describe_json(value), ", a text was wanted"));
  return value.get<std::string>();
}

[[nodiscard]] inline std::string response_member(const json_object& object, std::string_view key, bool of_messages) {
  return read_response(object.at(key), join(object.name(), ": ", key), of_messages);
}

}  // namespace prefopt::detail
