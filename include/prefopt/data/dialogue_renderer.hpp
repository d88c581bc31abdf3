// SPDX-License-Identifier: MIT
#pragma once
// dialogue_renderer: conversations as the plain text of a dialogue, for models without a chat
// template. It is the format of the HH pairs, whose turns begin with two newlines and the speaker's
// name:
//   system     "\n\nSystem: ..."
//   user       "\n\nHuman: ..."
//   assistant  "\n\nAssistant: ..."
// A prompt ends with "\n\nAssistant:", and a response begins with a space and the assistant's
// words.

#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"

namespace prefopt::inline v0_2 {

/// The beginnings of an assistant's turn and a user's turn.
inline constexpr std::string_view assistant_turn = "\n\nAssistant:";
inline constexpr std::string_view user_turn = "\n\nHuman:";

/// Models conversation_renderer.
struct dialogue_renderer {
  /// Throws format_error, with the location that it was read from, for what only a chat template
  /// can write, and value_error for an unknown role.
  [[nodiscard]] std::string render(const conversation& messages, bool add_generation_prompt) const {
    refuse(messages.only_for_templates);
    std::string text;
    for (const chat_message& message : messages.messages) {
      refuse(message.only_for_templates);
      text += concat(turn_of(message.role), ' ', message.content);
    }
    if (add_generation_prompt) text += assistant_turn;
    return text;
  }
  [[nodiscard]] bool ends_responses() const { return false; }

 private:
  static void refuse(const std::string& reason) {
    if (!reason.empty()) throw format_error(reason);
  }
  [[nodiscard]] static std::string_view turn_of(std::string_view role) {
    if (role == "system") return "\n\nSystem:";
    if (role == "user") return user_turn;
    if (role == "assistant") return assistant_turn;
    throw value_error(concat("a message's role is ", detail::visible(role),
                             ", expected system, user or assistant"));
  }
};

}  // namespace prefopt::inline v0_2
