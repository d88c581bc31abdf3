// SPDX-License-Identifier: MIT
#pragma once
// The definitions for message lists.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/known_columns.hpp"
#include "prefopt/datasets/detail/message_names.hpp"
#include "prefopt/datasets/detail/says_nothing.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Throws format_error unless a message has contents: a text, or what only templates write.
inline void check_content(const json_object& message) {
  if (!message.has_value("content"))
    for (const auto& [name, value] : message.json().items())
      if (!says_nothing(value) && kind_of(name, all_known_members) == column_kind::rendered)
        return;  // a call of a tool has no words
  if (!message.at("content").is_structured()) (void)message.text("content");
}

/// Why only a chat template can write a message; empty if it is a role and a text.
[[nodiscard]] inline std::string why_only_for_templates(const json_object& message) {
  constexpr std::array<std::string_view, 3> roles{"system", "user", "assistant"};
  for (const auto& [name, value] : message.json().items())
    if (!says_nothing(value) && kind_of(name, all_known_members) == column_kind::rendered)
      return for_templates(name, message.name());
  if (const std::string& role = message.text("role");
      std::ranges::find(roles, std::string_view(role)) == roles.end())
    return concat(message.name(), ": role is ", printable(role),
                  ", expected system, user or assistant");
  if (message.has("content") && message.at("content").is_object())
    return concat(message.name(), ": content is an object, expected a text");
  if (message.has("content") && message.at("content").is_array())
    return concat(message.name(),
                  ": content is a list of parts, expected a text; join the parts' texts, and leave "
                  "out what has pictures or sound");
  return {};
}

/// Whether role and content are all that the message says.
[[nodiscard]] inline bool is_plain(const nlohmann::json& message) {
  for (const auto& [name, value] : message.items())
    if (name != "role" && name != "content") return false;
  return message.contains("content") && message["content"].is_string();
}

[[nodiscard]] inline chat_message parse_message(const nlohmann::json& given,
                                                const std::string& where) {
  const json_object as_given(given, where);
  for (const auto& [name, value] : given.items())
    if (!says_nothing(value) && kind_of(name, all_known_members) == column_kind::weighting)
      refuse_column(column_kind::weighting, name, value, where);
  nlohmann::json renamed;
  if (is_of_sharegpt(given, where)) renamed = with_role_and_content(given, where);
  const nlohmann::json& standard = renamed.is_null() ? given : renamed;
  const json_object message(standard, where);
  chat_message made{.role = message.text("role"),
                    .content = {},
                    .only_for_templates = why_only_for_templates(message)};
  check_content(message);
  if (message.has("content") && standard["content"].is_string())
    made.content = message.text("content");
  if (!is_plain(standard)) made.json = standard.dump();
  return made;
}

}  // namespace detail

PREFOPT_INLINE std::vector<chat_message> parse_messages(const nlohmann::json& list,
                                                        const std::string& where) {
  std::vector<chat_message> messages;
  if (list.is_object()) {
    messages.push_back(detail::parse_message(list, where));
    return messages;
  }
  for (const nlohmann::json& one : list)
    messages.push_back(
        detail::parse_message(one, concat(where, ": message ", messages.size() + 1)));
  return messages;
}

}  // namespace prefopt::inline v0_2
