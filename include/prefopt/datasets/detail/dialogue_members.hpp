// SPDX-License-Identifier: MIT
#pragma once
// The members of a preference file's objects: prompts and responses as texts or message lists, and
// token ids.

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/datasets/detail/check_columns.hpp"
#include "prefopt/datasets/detail/form_columns.hpp"
#include "prefopt/datasets/detail/ordered_text.hpp"
#include "prefopt/datasets/detail/standard_record.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

/// Parses token ids from a JSON list; `where` begins the messages.
[[nodiscard]] inline token_ids to_token_ids(const nlohmann::json& list, const std::string& where) {
  token_ids ids;
  ids.reserve(list.size());
  const std::string one = concat(where, ": a token id");
  for (const nlohmann::json& id : list)
    ids.push_back(
        static_cast<token_id>(to_integer(id, one, 0, std::numeric_limits<token_id>::max())));
  return ids;
}

[[nodiscard]] inline token_ids token_member(const json_object& object, std::string_view key) {
  return to_token_ids(object.list(key), object.location(key));
}

/// The ids of a response, at least one.
[[nodiscard]] inline token_ids response_ids(const json_object& object, std::string_view key) {
  token_ids ids = token_member(object, key);
  if (ids.empty()) throw format_error(concat(object.location(key), " is an empty list"));
  return ids;
}

using dialogue = std::vector<chat_message>;

/// Number of messages in the prompt of several dialogues: their common beginning, after which an
/// assistant's turn follows in each. 0 if there is no such turn. In a single dialogue the prompt
/// ends before the last answer.
[[nodiscard]] inline std::size_t common_prompt(std::span<const dialogue> dialogues) {
  std::size_t length = dialogues[0].size();
  for (const dialogue& one : dialogues)
    length =
        std::min(length, static_cast<std::size_t>(std::ranges::mismatch(dialogues[0], one).in1 -
                                                  dialogues[0].begin()));
  const auto answers = [&](const dialogue& one) {
    return length < one.size() && one[length].role == "assistant";
  };
  while (length > 0 &&
         !(std::ranges::all_of(dialogues, answers) && dialogues[0][length - 1].role != "assistant"))
    --length;
  return length;
}

/// A response as stored in its file: a text, a message, or a list of messages.
struct response_value {
  const nlohmann::json* value;
  std::string where;  ///< begins the messages about it
};

/// A prompt and its responses, as texts or as conversations.
template <class Sequence>
struct prompt_and_responses {
  Sequence prompt;
  std::vector<Sequence> responses;
};
using texts_or_conversations =
    std::variant<prompt_and_responses<std::string>, prompt_and_responses<conversation>>;

/// What else a chat template reads of an example, as conversation::variables.
inline void add_variables(const json_object& object, ordered_text& texts, conversation& prompt) {
  std::string variables;
  for (const auto& [name, value] : object.json().items()) {
    const bool is_blank = value.is_string() && says_nothing(value);
    if (!is_variable(name) || value.is_null() || is_blank) continue;
    if (prompt.only_for_templates.empty() && !says_nothing(value))
      prompt.only_for_templates = for_templates(object.shown(name), object.name());
    variables += concat(variables.empty() ? "{\"" : ", \"", name, "\": ", texts.of(value));
  }
  if (!variables.empty()) prompt.variables = variables + '}';
}

/// Throws format_error unless the prompt ends where the assistant answers and all responses begin
/// with its message.
[[nodiscard]] inline prompt_and_responses<conversation> checked_conversations(
    const json_object& object, ordered_text& texts, dialogue prompt,
    const std::string& prompt_location, std::span<const std::span<const chat_message>> answers,
    std::span<const response_value> responses) {
  const auto checked = [](const std::string& where, const auto& check, const conversation& one) {
    try {
      check(one);
    } catch (const value_error& cause) {
      throw format_error(concat(where, ": ", cause.what()));
    }
  };
  prompt_and_responses<conversation> all{{std::move(prompt)}, {}};
  checked(prompt_location, check_prompt, all.prompt);
  add_variables(object, texts, all.prompt);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    all.responses.push_back({{answers[i].begin(), answers[i].end()}});
    checked(responses[i].where, check_response, all.responses.back());
  }
  return all;
}

/// Splits whole dialogues, which contain the prompt; the member "prompt" is a text within it, or
/// empty. `what` describes them at the beginning of a message; empty: by the names of their
/// columns.
[[nodiscard]] inline prompt_and_responses<conversation> split_dialogues(
    const json_object& object, ordered_text& texts, std::string_view what,
    std::span<const response_value> responses, std::span<const dialogue> dialogues) {
  const auto column_of = [&](const response_value& one) {
    return one.where.substr(object.name().size() + 2);
  };
  const std::size_t length = common_prompt(dialogues);
  if (length == 0)
    throw format_error(
        responses.size() == 1
            ? concat(responses[0].where, " has no message before the assistant's last turn")
            : concat(
                  object.name(), ": ",
                  what.empty() ? column_of(responses[0]) + " and " + column_of(responses[1])
                               : std::string(what),
                  " have no common beginning that is followed by an assistant's message in each"));
  const auto prompt = std::span(dialogues[0]).first(length);
  if (object.has("prompt") && !says_nothing(object.at("prompt"))) {
    const std::string& text = object.text("prompt");
    const std::array<std::string_view, 1> held{text};
    const auto is_prompt = [&](const chat_message& message) {
      return message.role == "user" && holds_all(held, message.content) &&
             holds_all(std::array<std::string_view, 1>{message.content}, text);
    };
    if (std::ranges::none_of(prompt, is_prompt))
      throw format_error(concat(object.location("prompt"), " is \"", printable(text, 60),
                                "\", which is not a user's message in the dialogues of ",
                                column_of(responses[0]),
                                "; remove it, or the dialogues' beginning"));
  }
  std::vector<std::span<const chat_message>> answers;
  for (const dialogue& one : dialogues) answers.push_back(std::span(one).subspan(length));
  return checked_conversations(object, texts, {prompt.begin(), prompt.end()}, object.name(),
                               answers, responses);
}

/// Responses that follow a list of messages; a dialogue that begins with the whole list repeats it.
[[nodiscard]] inline prompt_and_responses<conversation> follow_prompt(
    const json_object& object, ordered_text& texts, std::span<const response_value> responses,
    std::span<const dialogue> dialogues) {
  const std::string where = object.location("prompt");
  dialogue prompt = parse_messages(object.at("prompt"), where);
  texts.restore(object.at("prompt"), prompt);
  std::vector<std::span<const chat_message>> answers;
  for (const dialogue& one : dialogues) {
    const bool repeats = one.size() > prompt.size() &&
                         std::ranges::equal(std::span(one).first(prompt.size()), prompt);
    answers.push_back(std::span(one).subspan(repeats ? prompt.size() : 0));
  }
  return checked_conversations(object, texts, std::move(prompt), where, answers, responses);
}

/// A text prompt and the texts that follow it.
[[nodiscard]] inline prompt_and_responses<std::string> plain_texts(
    const json_object& object, std::span<const response_value> responses) {
  prompt_and_responses<std::string> texts;
  for (const auto& [value, where] : responses) {
    if (!value->is_string())
      throw format_error(concat(where, " is ", describe_json(*value),
                                ", expected a text, or a list of messages for all"));
    texts.responses.push_back(value->get<std::string>());
  }
  texts.prompt = object.text("prompt");
  return texts;
}

/// A prompt and its responses, all texts or all messages. `what` describes the responses in error
/// messages; empty: the names of their columns. Throws format_error if they are of both kinds.
[[nodiscard]] inline texts_or_conversations read_texts(standard_record& record,
                                                       std::string_view what,
                                                       std::span<const response_value> responses) {
  const json_object& object = record.object();
  const bool has_prompt = object.has_value("prompt");
  const bool of_messages = responses[0].value->is_structured();
  const bool prompt_of_messages = has_prompt && object.at("prompt").is_array();
  const auto mixed = [&](const std::string& where, bool is_list, const char* other,
                         bool other_is_list) {
    const auto kind = [](bool list) { return list ? "a list of messages" : "a text"; };
    throw format_error(concat(where, " is ", kind(is_list), " and ", other, ' ',
                              kind(other_is_list), ", expected both of the same kind"));
  };
  for (const auto& [value, where] : responses) {
    if (!value->is_structured() && !value->is_string()) break;  // reported below
    if (prompt_of_messages && value->is_string()) mixed(where, false, "the prompt", true);
    if (value->is_structured() != of_messages) mixed(where, !of_messages, "another", of_messages);
  }
  if (!of_messages) return plain_texts(object, responses);
  ordered_text texts(record);
  std::vector<dialogue> dialogues;
  for (const auto& [value, where] : responses) {
    if (!value->is_structured())
      throw format_error(concat(where, " is ", describe_json(*value), ", expected a list"));
    dialogues.push_back(parse_messages(*value, where));
    texts.restore(*value, dialogues.back());
  }
  if (prompt_of_messages) return follow_prompt(object, texts, responses, dialogues);
  if (has_prompt && !says_nothing(object.at("prompt")))
    for (std::size_t i = 0; i < dialogues.size(); ++i)
      if (dialogues[i].empty() || dialogues[i][0].role == "assistant")
        mixed(responses[i].where, true, "the prompt", false);
  return split_dialogues(object, texts, what, responses, dialogues);
}

[[nodiscard]] inline response_value response_member(const json_object& object,
                                                    std::string_view key) {
  return {&object.at(key), object.location(key)};
}

}  // namespace prefopt::inline v0_2::detail
