// SPDX-License-Identifier: MIT
#pragma once
// chat_renderer: a model's chat template as a conversation_renderer, which tokenize takes.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "prefopt/chat/chat_template.hpp"
#include "prefopt/data/conversation.hpp"

namespace prefopt::inline v0_2 {

/// A template with what it reads besides the messages. Immutable: threads may share one.
class chat_renderer {
 public:
  /// `variables` is a JSON object that all conversations share: bos_token, eos_token, and keyword
  /// arguments such as enable_thinking. Conversations with tools are rendered by `with_tools` if
  /// there is one. Throws value_error if `variables` is not an object.
  chat_renderer(chat_template usual, const nlohmann::ordered_json& variables,
                render_options options, std::optional<chat_template> with_tools = {});

  /// The text that transformers' apply_chat_template makes of the messages with the conversation's
  /// `tools`, `documents` and `chat_template_kwargs`. Throws template_error with the template's
  /// line, and value_error for variables that are no JSON and for tools or tool calls that the
  /// template does not read or leaves out.
  [[nodiscard]] std::string render(const conversation& messages, bool add_generation_prompt) const;

  /// The text without the generation prompt, and what the template marks as the assistant's by
  /// `{% generation %}`; no ranges if it has no such tags. Throws as render does.
  [[nodiscard]] marked_text render_marked(const conversation& messages) const;

  /// Templates close a turn themselves.
  [[nodiscard]] bool ends_responses() const { return true; }

  /// Whether the source of a template has this name anywhere, as a word. A template without it can
  /// neither read a member of messages of that name nor treat a role of that name apart.
  [[nodiscard]] bool mentions(std::string_view name) const;

  /// Whether a template asks for today's date, which then changes the text.
  [[nodiscard]] bool reads_date() const;

 private:
  struct content;
  [[nodiscard]] rendering rendering_of(const conversation& messages,
                                       bool add_generation_prompt) const;

  std::shared_ptr<const content> content_;
};

static_assert(marking_renderer<chat_renderer>);

/// The default template in a model's folder with its special tokens, or nothing if the folder has
/// none. Throws as find_chat_template and read_special_tokens do.
[[nodiscard]] std::optional<chat_renderer> load_chat_renderer(const std::filesystem::path& folder,
                                                              render_options options);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/chat/detail/chat_renderer_definitions.hpp"
#endif
