// SPDX-License-Identifier: MIT
#pragma once
// The definitions for message lists.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/known_columns.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

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

}  // namespace detail

PREFOPT_INLINE std::vector<chat_message> parse_messages(const nlohmann::json& list,
                                                        const std::string& where) {
  std::vector<chat_message> messages;
  for (const nlohmann::json& one : list) {
    const json_object message(one, concat(where, ": message ", messages.size() + 1));
    for (const auto& [name, value] : one.items())
      if (!detail::says_nothing(value) &&
          detail::kind_of(name, detail::all_known_members) == detail::column_kind::weighting)
        detail::refuse_column(detail::column_kind::weighting, name, value, message.name());
    if (message.has("from") && !message.has("role"))
      throw format_error(concat(
          message.name(),
          ": \"from\" and \"value\", expected \"role\" (system, user, assistant) and \"content\""));
    chat_message made{.role = message.text("role"),
                      .content = {},
                      .only_for_templates = detail::why_only_for_templates(message)};
    const bool has_text = message.has("content") && one["content"].is_string();
    if (has_text || made.only_for_templates.empty()) made.content = message.text("content");
    if (!detail::is_plain(one)) made.json = one.dump();
    messages.push_back(std::move(made));
  }
  return messages;
}

}  // namespace prefopt::inline v0_2
