// SPDX-License-Identifier: MIT
#pragma once
// The chat template that a command renders messages with, and the options for it.

#include <cstdio>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include <prefopt/chat.hpp>
#include "command_line.hpp"

namespace program {

/// Today in UTC, YYYY-MM-DD.
[[nodiscard]] std::string today();

struct chat_options {
  std::string chat_template;         ///< the name of one of the model's, or a file; empty: default
  std::string chat_template_kwargs;  ///< a JSON object, or @ and the name of a file with one
  std::string date = today();        ///< YYYY-MM-DD
};

/// --chat-template and --date.
void add_chat_template(CLI::App& app, chat_options& o);
/// The same and --chat-template-kwargs.
void add_chat(CLI::App& app, chat_options& o);

[[nodiscard]] prefopt::calendar_date date_of(const chat_options& o);

/// The template for conversations, and the one for those with tools if the model has another.
struct chat_templates {
  prefopt::chat_template usual;
  std::optional<prefopt::chat_template> with_tools;
};

/// The chosen template: one of those of the model's folder (which may be empty) by its name, or a
/// file; or nothing if none was chosen and the model has none. Throws io_error and format_error.
[[nodiscard]] std::optional<chat_templates> find_templates(const std::string& model,
                                                           const chat_options& o);

/// The same with the model's special tokens and the keyword arguments.
[[nodiscard]] std::optional<prefopt::chat_renderer> find_renderer(const std::string& model,
                                                                  const chat_options& o);

/// Says what turns messages into text.
void say_renderer(std::FILE* console, const std::string& model, const chat_options& o,
                  const std::optional<prefopt::chat_renderer>& renderer);

/// Notes on stderr that a file has texts to which a template is not applied, if there is one.
void note_plain_texts(const std::string& file, const std::string& model, const chat_options& o);

/// A text as a JSON object. Throws format_error; `name` begins the message.
[[nodiscard]] nlohmann::ordered_json parse_object(const std::string& text, const std::string& name);

/// Members of the second replace those of the first.
void override_with(nlohmann::ordered_json& variables, const nlohmann::ordered_json& members);

}  // namespace program
