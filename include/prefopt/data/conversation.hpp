// SPDX-License-Identifier: MIT
#pragma once
// Conversations: prompts and responses as lists of messages, and the interface of what turns them
// into text.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/text_range.hpp"

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

/// A conversation's text, and which parts of it the assistant wrote.
struct marked_text {
  std::string text;
  std::vector<text_range> answers;  ///< ascending, with no overlap; none: unknown
};

/// A renderer that may know which parts of its text the assistant wrote, with what closes a turn.
/// Needs: (1) a conversation_renderer; (2) `render_marked(conversation)`: the text that render
/// gives without the generation prompt, and these parts.
template <class R>
concept marking_renderer =
    conversation_renderer<R> && requires(const R& renderer, const conversation& messages) {
      { renderer.render_marked(messages) } -> std::same_as<marked_text>;
    };

namespace detail {

/// Throws value_error unless the messages end where the assistant answers.
inline void check_prompt(const conversation& prompt) {
  if (prompt.messages.empty()) throw value_error("a prompt without messages");
  if (prompt.messages.back().role == "assistant")
    throw value_error("a prompt whose last message is the assistant's, expected a user's");
}

/// The beginning of a text from a file, safe in a message: a line break as \n, ? for anything else
/// but printable ASCII.
[[nodiscard]] inline std::string visible(std::string_view text) {
  std::string part;
  for (const char c : text.substr(0, 40)) {
    const bool is_plain = c >= ' ' && c <= '~';
    part += c == '\n' ? std::string("\\n") : std::string(1, is_plain ? c : '?');
  }
  return part;
}

/// Throws value_error unless the messages begin with one of the assistant's.
inline void check_response(const conversation& response) {
  if (response.messages.empty()) throw value_error("a response without messages");
  if (const std::string& role = response.messages[0].role; role != "assistant")
    throw value_error(concat(
        "a response whose first message is not the assistant's but of the role ", visible(role)));
}

/// Also throws value_error for a role of which nobody knows whether its words are the assistant's.
inline void check_turns(const conversation& response) {
  check_response(response);
  constexpr std::array<std::string_view, 8> known{
      "assistant", "user", "system", "developer", "tool", "function", "ipython", "tool_results"};
  for (std::size_t i = 1; i < response.messages.size(); ++i)
    if (const std::string& role = response.messages[i].role;
        std::ranges::find(known, role) == known.end())
      throw value_error(concat("a response whose message ", i + 1, " has the role ", visible(role),
                               "; with assistant_only (--assistant-only), expected assistant, or "
                               "one that is not scored: user, system, developer, tool, function, "
                               "ipython, tool_results"));
}

/// Throws value_error unless all messages are the assistant's: if all of a response is scored, the
/// model would learn others' words as answers.
inline void check_is_all_assistants(const conversation& response) {
  check_response(response);
  for (std::size_t i = 1; i < response.messages.size(); ++i)
    if (response.messages[i].role != "assistant")
      throw value_error(concat("a response whose message ", i + 1,
                               " is not the assistant's and would be scored as an answer; "
                               "assistant_only (--assistant-only) scores the assistant's alone"));
}

[[nodiscard]] inline conversation joined(const conversation& prompt, const conversation& response) {
  conversation whole = prompt;
  whole.messages.insert(whole.messages.end(), response.messages.begin(), response.messages.end());
  return whole;
}

/// Both texts from where they differ, for a message.
[[nodiscard]] inline std::string describe_difference(std::string_view alone, std::string_view whole,
                                                     std::string_view with) {
  std::size_t same = 0;
  while (same < alone.size() && same < whole.size() && alone[same] == whole[same]) ++same;
  return concat("after ", same, " bytes \"", visible(alone.substr(same)), "\" alone, but \"",
                visible(whole.substr(same)), "\" with ", with);
}

/// Throws value_error if `whole` does not begin with `prompt`.
inline void check_beginning(std::string_view prompt, std::string_view whole) {
  if (!whole.starts_with(prompt))
    throw value_error(
        concat("the chat template renders the prompt differently when an answer follows: ",
               describe_difference(prompt, whole, "the answer")));
}

}  // namespace detail

/// The prompt's text, with the generation prompt. Throws value_error for a prompt without messages,
/// for one that ends with the assistant's, and as the renderer does.
template <conversation_renderer Renderer>
[[nodiscard]] std::string render_prompt(const conversation& prompt, const Renderer& renderer) {
  detail::check_prompt(prompt);
  return renderer.render(prompt, true);
}

}  // namespace prefopt::inline v0_2
