// SPDX-License-Identifier: MIT
#pragma once
// Conversations: prompts and responses as lists of messages, and the interface of what turns them
// into text.

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// One turn.
struct chat_message {
  std::string role;     ///< "system", "user", "assistant", and others that a chat template knows
  std::string content;  ///< its text; empty if the content is a list of parts
  /// The whole message as a JSON object, for chat templates; empty: role and content are all.
  std::string json = {};
  /// Why only a chat template can write it, with its location; empty if any renderer can.
  std::string only_for_templates = {};

  /// Whether they say the same, wherever they were read.
  friend bool operator==(const chat_message& a, const chat_message& b) {
    return a.role == b.role && a.content == b.content && a.json == b.json;
  }
};

/// The messages of a prompt, or those of a response, which follow it.
struct conversation {
  std::vector<chat_message> messages;
  /// Of a prompt: a JSON object with what else a chat template reads, such as "tools"; or empty.
  std::string variables = {};
  /// Why only a chat template can read those variables; empty if there are none.
  std::string only_for_templates = {};

  [[nodiscard]] bool empty() const { return messages.empty(); }

  /// Whether they say the same, wherever they were read.
  friend bool operator==(const conversation& a, const conversation& b) {
    return a.messages == b.messages && a.variables == b.variables;
  }
};

/// Turns conversations into the text that a model reads.
/// Needs: (1) `render(conversation, add_generation_prompt)`: the text; with the generation prompt,
/// it ends where the assistant answers. Throws value_error, which says why, for a conversation that
/// has no text, or format_error, which names its location too. (2) `ends_responses()`: whether that
/// text holds what ends an answer; otherwise an end-of-text token is added. Promises: the text of a
/// prompt with the generation prompt is a beginning of the text of the prompt and an answer. A
/// prompt for which that is not so is refused.
template <class R>
concept conversation_renderer = requires(const R& renderer, const conversation& messages) {
  { renderer.render(messages, true) } -> std::same_as<std::string>;
  { renderer.ends_responses() } -> std::same_as<bool>;
};

namespace detail {

/// Throws value_error unless the messages end where the assistant answers.
inline void check_prompt(const conversation& prompt) {
  if (prompt.messages.empty()) throw value_error("a prompt without messages");
  if (prompt.messages.back().role == "assistant")
    throw value_error("a prompt whose last message is the assistant's, expected a user's");
}

/// Throws value_error unless all messages are the assistant's: all of a response is scored, so the
/// model would learn others' words as answers.
inline void check_response(const conversation& response) {
  const std::vector<chat_message>& messages = response.messages;
  if (messages.empty()) throw value_error("a response without messages");
  if (messages[0].role != "assistant")
    throw value_error("a response whose first message is not the assistant's");
  for (std::size_t i = 1; i < messages.size(); ++i)
    if (messages[i].role != "assistant")
      throw value_error(concat(
          "a response whose message ", i + 1,
          " is not the assistant's; it would be scored as an answer, and cannot be masked yet"));
}

/// Throws value_error if `whole` does not begin with `prompt`.
inline void check_beginning(std::string_view prompt, std::string_view whole) {
  if (whole.starts_with(prompt)) return;
  std::size_t same = 0;
  while (same < prompt.size() && same < whole.size() && prompt[same] == whole[same]) ++same;
  const auto shown = [&](std::string_view text) {
    std::string part = "\"";
    for (const char c : text.substr(same, 40)) {
      const bool is_plain = c >= ' ' && c <= '~';
      part += c == '\n' ? std::string("\\n") : std::string(1, is_plain ? c : '?');
    }
    return part + '"';
  };
  throw value_error(
      concat("the chat template renders the prompt differently when an answer follows: after ",
             same, " bytes ", shown(prompt), " alone, but ", shown(whole), " with the answer"));
}

}  // namespace detail

/// The prompt's text, with the generation prompt. Throws value_error for a prompt without messages,
/// for one that ends with the assistant's, and as the renderer does.
template <conversation_renderer Renderer>
[[nodiscard]] std::string render_prompt(const conversation& prompt, const Renderer& renderer) {
  detail::check_prompt(prompt);
  return renderer.render(prompt, true);
}

/// The text of the prompt and a response. Throws value_error for a response with a message that is
/// not the assistant's, and as the renderer does.
template <conversation_renderer Renderer>
[[nodiscard]] std::string render_whole(const conversation& prompt, const conversation& response,
                                       const Renderer& renderer) {
  detail::check_response(response);
  conversation whole = prompt;
  whole.messages.insert(whole.messages.end(), response.messages.begin(), response.messages.end());
  return renderer.render(whole, false);
}

}  // namespace prefopt::inline v0_2
