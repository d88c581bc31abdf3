// SPDX-License-Identifier: MIT
#pragma once
// Parts of records in the forms of Alpaca and ShareGPT, in any order of members: templates over
// nlohmann::json and nlohmann::ordered_json.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/dialogue_renderer.hpp"
#include "prefopt/datasets/detail/message_names.hpp"
#include "prefopt/datasets/detail/says_nothing.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

/// Whether a record has a member that says something.
template <class Json>
[[nodiscard]] bool has_content(const Json& record, std::string_view key) {
  const auto found = record.find(std::string(key));
  return found != record.end() && !says_nothing(*found);
}

/// Whether a response is an answer alone, not a dialogue that begins with the prompt.
template <class Json>
[[nodiscard]] bool is_answer(const Json& response) {
  if (response.is_string()) {
    const std::string_view text = response.template get_ref<const std::string&>();
    const std::string_view begin = text.substr(std::min(text.find_first_not_of('\n'), text.size()));
    return !(begin.starts_with("Human:") || begin.starts_with("System:")) ||
           text.find(assistant_turn) == text.npos;
  }
  if (!response.is_array() || response.empty() || !response[0].is_object()) return true;
  for (const char* key : {"role", "from"})
    if (response[0].contains(key) && response[0][key].is_string()) {
      const auto& name = response[0][key].template get_ref<const std::string&>();
      return std::ranges::any_of(speakers, [&](const speaker& one) {
        return one.from == name && one.role == "assistant";
      });
    }
  return true;
}

/// Whether a record has a member that is not null.
template <class Json>
[[nodiscard]] bool has_value(const Json& record, std::string_view key) {
  const auto found = record.find(std::string(key));
  return found != record.end() && !found->is_null();
}

/// Whether none of a record's responses is a dialogue that begins with the prompt.
template <class Json>
[[nodiscard]] bool has_answers_alone(const Json& record) {
  for (const char* key : {"chosen", "rejected", "completion"})
    if (record.contains(key) && !is_answer(record[key])) return false;
  return !record.contains("responses") || !record["responses"].is_array() ||
         std::ranges::all_of(record["responses"], [](const Json& one) { return is_answer(one); });
}

template <class Json>
[[nodiscard]] std::string text_of(const Json& value, const std::string& where) {
  if (!value.is_string())
    throw format_error(
        concat(where, " is ", describe_json(nlohmann::json(value)), ", expected a text"));
  return value.template get<std::string>();
}

template <class Json>
[[nodiscard]] Json to_message(const char* role, std::string content) {
  Json one = Json::object();
  one["role"] = role;
  one["content"] = std::move(content);
  return one;
}

/// An answer that may be a text as a message.
template <class Json>
void make_message(Json& answer) {
  if (answer.is_string())
    answer = to_message<Json>("assistant", answer.template get<std::string>());
}

/// Appends the turns of [["question", "answer"], ...]; `where` is the list's location.
template <class Json>
void add_history(const Json& history, const std::string& where, Json& prompt) {
  const auto refuse = [&](const Json& value, const std::string& place) {
    throw format_error(concat(place, " is ", describe_json(nlohmann::json(value)),
                              ", expected a list of the user's text and the assistant's"));
  };
  if (!history.is_array()) refuse(history, where);
  std::size_t number = 0;
  for (const Json& turn : history) {
    const std::string place = concat(where, ": number ", ++number);
    if (!turn.is_array()) refuse(turn, place);
    if (turn.size() != 2)
      throw format_error(
          concat(place, ": ", turn.size(), " texts, expected the user's and the assistant's"));
    prompt.push_back(to_message<Json>("user", text_of(turn[0], place)));
    prompt.push_back(to_message<Json>("assistant", text_of(turn[1], place)));
  }
}

/// Descriptions of tools in the form that chat templates read, {"type": "function", "function"};
/// null if there are none. They may be one JSON text.
template <class Json>
[[nodiscard]] Json wrapped_tools(Json tools, const std::string& where) {
  if (says_nothing(tools)) return nullptr;
  if (tools.is_string()) {
    const std::string text = tools.template get<std::string>();
    try {
      tools = parse_json_as<Json>(text, where, {});
    } catch (const format_error&) {
      throw format_error(
          concat(where, " is \"", printable(text, 40), "\", expected the JSON of a list of tools"));
    }
    if (says_nothing(tools)) return nullptr;
  }
  if (!tools.is_array())
    throw format_error(
        concat(where, " is ", describe_json(nlohmann::json(tools)), ", expected a list of tools"));
  for (Json& tool : tools) {
    if (!tool.is_object() || tool.contains("type") || !tool.contains("name")) continue;
    Json wrapped = Json::object();
    wrapped["type"] = "function";
    wrapped["function"] = std::move(tool);
    tool = std::move(wrapped);
  }
  return tools;
}

}  // namespace prefopt::inline v0_2::detail
