// SPDX-License-Identifier: MIT
#pragma once
// The messages of ShareGPT, {"from": "human", "value": "Hi"}, as {"role": "user", "content": "Hi"}.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/closest_name.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

/// Who a message is from in ShareGPT's form, and the role that chat templates know.
struct speaker {
  std::string_view from;
  std::string_view role;
};

inline constexpr std::array<speaker, 9> speakers{{{"human", "user"},
                                                  {"user", "user"},
                                                  {"gpt", "assistant"},
                                                  {"chatgpt", "assistant"},
                                                  {"assistant", "assistant"},
                                                  {"system", "system"},
                                                  {"function_call", "assistant"},
                                                  {"observation", "tool"},
                                                  {"tool", "tool"}}};
inline constexpr std::string_view caller = "function_call";

/// The role of who a message is from. Throws format_error if that is not known.
[[nodiscard]] inline std::string role_of(std::string_view from, const std::string& where) {
  std::vector<std::string_view> known;
  for (const speaker& one : speakers) {
    if (one.from == from) return std::string(one.role);
    known.push_back(one.from);
  }
  const std::string closest = closest_name(from, known);
  std::string names;
  for (const std::string_view one : known) names += concat(names.empty() ? "" : ", ", one);
  throw format_error(concat(where, ": from is \"", printable(from, 40), '"',
                            closest.empty() ? "" : ", did you mean ", closest,
                            closest.empty() ? ", expected " : "? Known are ", names));
}

/// Whether a message has `from` and `value` in place of `role` and `content`. Throws format_error
/// if it has both.
template <class Json>
[[nodiscard]] bool is_of_sharegpt(const Json& message, const std::string& where) {
  const auto has = [&](const char* key) {
    const auto found = message.find(key);
    return found != message.end() && !found->is_null();
  };
  if (!has("from")) return false;
  for (const char* other : {"role", "content"})
    if (has(other))
      throw format_error(
          concat(where, ": from and ", other, ", expected from and value, or role and content"));
  return true;
}

/// Calls of functions, as the JSON text of one or of a list: {"name", "arguments"}.
template <class Json>
[[nodiscard]] Json tool_calls_of(std::string_view text, const std::string& where) {
  const auto refuse = [&](std::string_view why) {
    throw format_error(
        concat(where, ": value is ", why,
               ", expected the JSON of a function's call, {\"name\", \"arguments\"}, "
               "or of a list of them"));
  };
  Json calls;
  try {
    calls = parse_json_as<Json>(text, concat(where, ": value"), {});
  } catch (const format_error&) {
    refuse("not JSON");
  }
  if (calls.is_object()) calls = Json::array({std::move(calls)});
  if (!calls.is_array() || calls.empty()) refuse("no call");
  Json made = Json::array();
  for (Json& call : calls) {
    if (!call.is_object() || !call.contains("name") || !call["name"].is_string() ||
        !call.contains("arguments") || call.size() != 2)
      refuse("no call");
    Json one = Json::object();
    one["type"] = "function";
    one["function"] = std::move(call);
    made.push_back(std::move(one));
  }
  return made;
}

/// The message with `role` and `content`, and with `tool_calls` if it is from function_call; its
/// other members stay, in their order. Throws format_error for what has no such form.
template <class Json>
[[nodiscard]] Json with_role_and_content(Json message, const std::string& where) {
  if (!is_of_sharegpt(message, where)) return message;
  const auto text = [&](const char* key) -> std::string {
    const auto found = message.find(key);
    if (found == message.end()) throw format_error(concat(where, ": key \"", key, "\" is missing"));
    if (!found->is_string())
      throw format_error(concat(where, ": ", key, " is ", describe_json(nlohmann::json(*found)),
                                ", expected a text"));
    return found->template get<std::string>();
  };
  const std::string from = text("from");
  Json made = Json::object();
  auto& members = made.template get_ref<typename Json::object_t&>();
  const auto append = [&](const std::string& key, Json value) {
    if constexpr (requires { members.push_back({key, value}); })
      members.emplace_back(key, std::move(value));  // assignment would look through all
    else
      members[key] = std::move(value);
  };
  append("role", role_of(from, where));
  if (from == caller) {
    append("content", "");
    append("tool_calls", tool_calls_of<Json>(text("value"), where));
  } else {
    append("content", text("value"));
  }
  for (auto& [key, value] : message.items()) {
    if (key == "from" || key == "value" || value.is_null()) continue;
    if (from == caller && key == "tool_calls")
      throw format_error(concat(where, ": tool_calls, and from is function_call"));
    append(key, std::move(value));
  }
  return made;
}

}  // namespace prefopt::inline v0_2::detail
