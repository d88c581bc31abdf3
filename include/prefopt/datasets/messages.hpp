// SPDX-License-Identifier: MIT
#pragma once
// Message lists, [{"role": "user", "content": "Hi"}, ...], as the plain text of a dialogue. GPT-2
// has no chat template; this is the format of the HH pairs, whose turns begin with two newlines and
// the speaker's name:
//   system     "\n\nSystem: ..."
//   user       "\n\nHuman: ..."
//   assistant  "\n\nAssistant: ..."
// A prompt ends with "\n\nAssistant:", and a response begins with a space and the assistant's
// words.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_fwd.hpp"

namespace prefopt::inline v0_2 {

enum class chat_role { system, user, assistant };

/// One turn of a dialogue.
struct chat_message {
  chat_role role = chat_role::user;
  std::string content;

  friend bool operator==(const chat_message&, const chat_message&) = default;
};

/// The beginnings of an assistant's turn and a user's turn.
inline constexpr std::string_view assistant_turn = "\n\nAssistant:";
inline constexpr std::string_view user_turn = "\n\nHuman:";

namespace detail {

[[nodiscard]] inline std::string_view turn_of(chat_role role) {
  switch (role) {
    case chat_role::system:
      return "\n\nSystem:";
    case chat_role::user:
      return user_turn;
    case chat_role::assistant:
      break;
  }
  return assistant_turn;
}

[[nodiscard]] inline std::string turns(std::span<const chat_message> messages) {
  std::string text;
  for (const chat_message& message : messages)
    text += concat(turn_of(message.role), ' ', message.content);
  return text;
}

}  // namespace detail

/// A prompt's text. Throws value_error if the last message is already the assistant's, or if there
/// is no message.
[[nodiscard]] inline std::string render_prompt(std::span<const chat_message> messages) {
  if (messages.empty()) throw value_error("a prompt without messages");
  if (messages.back().role == chat_role::assistant)
    throw value_error("a prompt whose last message is the assistant's, expected a user's");
  return detail::turns(messages) + std::string(assistant_turn);
}

/// A response's text, to follow a prompt's. Throws value_error if a message is not the assistant's
/// (all of a response is scored, so the model would learn others' words as answers), or if there is
/// none.
[[nodiscard]] inline std::string render_response(std::span<const chat_message> messages) {
  if (messages.empty()) throw value_error("a response without messages");
  if (messages[0].role != chat_role::assistant)
    throw value_error("a response whose first message is not the assistant's");
  for (std::size_t i = 1; i < messages.size(); ++i)
    if (messages[i].role != chat_role::assistant)
      throw value_error(concat(
          "a response whose message ", i + 1,
          " is not the assistant's; it would be scored as an answer, and cannot be masked yet"));
  return detail::turns(messages).substr(assistant_turn.size());
}

/// Parses a message list; throws format_error for anything else, with `where` at the beginning of
/// the message.
[[nodiscard]] std::vector<chat_message> parse_messages(const nlohmann::json& list,
                                                       const std::string& where);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/messages_definitions.hpp"
#endif
