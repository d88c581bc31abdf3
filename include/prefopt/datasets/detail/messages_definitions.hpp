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

PREFOPT_INLINE std::vector<chat_message> parse_messages(const nlohmann::json& list,
                                                        const std::string& where) {
  constexpr std::array<std::pair<std::string_view, chat_role>, 3> roles{
      {{"system", chat_role::system},
       {"user", chat_role::user},
       {"assistant", chat_role::assistant}}};
  std::vector<chat_message> messages;
  for (const nlohmann::json& one : list) {
    const json_object message(one, concat(where, ": message ", messages.size() + 1));
    for (const auto& [name, value] : one.items())
      if (!detail::says_nothing(value))
        detail::refuse_column(detail::kind_of(name, detail::all_known_members), name, value,
                              message.name());
    if (message.has("from") && !message.has("role"))
      throw format_error(concat(
          message.name(),
          ": \"from\" and \"value\", expected \"role\" (system, user, assistant) and \"content\""));
    const std::string& role = message.text("role");
    const auto* known =
        std::ranges::find(roles, std::string_view(role), &decltype(roles)::value_type::first);
    if (known == roles.end())
      throw format_error(concat(message.name(), ": role is ", printable(role),
                                ", expected system, user or assistant"));
    if (message.has("content") && message.at("content").is_array())
      throw format_error(concat(message.name(),
                                ": content is a list of parts, expected a text; join the parts' "
                                "texts, and leave out what has pictures or sound"));
    messages.push_back({known->second, message.text("content")});
  }
  return messages;
}

}  // namespace prefopt::inline v0_2
