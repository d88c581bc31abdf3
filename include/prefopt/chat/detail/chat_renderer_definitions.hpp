// SPDX-License-Identifier: MIT
#pragma once
// The definitions of chat_renderer.

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/chat/chat_renderer.hpp"
#include "prefopt/chat/chat_template_file.hpp"
#include "prefopt/chat/detail/find_word.hpp"
#include "prefopt/chat/normalize_messages.hpp"
#include "prefopt/chat/ordered_json.hpp"
#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

[[nodiscard]] inline nlohmann::ordered_json json_of(const chat_message& message) {
  if (!message.json.empty()) return parse_ordered_json(message.json, "a message");
  return {{"role", message.role}, {"content", message.content}};
}

/// Adds an example's tools, documents and keyword arguments, each of which may be a JSON text,
/// because tables cannot hold their various forms.
inline void add_variables_of(const conversation& messages, nlohmann::ordered_json& variables) {
  if (messages.variables.empty()) return;
  const auto own = parse_ordered_json(messages.variables, "the variables of a conversation");
  for (const auto& [name, given] : own.items()) {
    const auto value =
        given.is_string() ? parse_ordered_json(given.get_ref<const std::string&>(), name) : given;
    if (name != "chat_template_kwargs") {
      variables[name] = value;
      continue;
    }
    if (!value.is_object()) throw value_error("chat_template_kwargs is not a JSON object");
    variables.update(value);
  }
}

/// Throws value_error if there are tools or calls of tools that the template does not know: they
/// would leave no trace, and an answer that is a call would be empty.
inline void check_tools_are_read(const chat_template& by, const nlohmann::ordered_json& variables) {
  const auto refuse_unread = [&](const nlohmann::ordered_json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null() || found->empty()) return;
    if (!by.mentions(name) && !by.mentions("tojson"))
      throw value_error(concat(by.name(), ": the template does not read ", name,
                               "; remove it, or choose another template (--chat-template)"));
  };
  refuse_unread(variables, "tools");
  for (const auto& message : variables.at("messages")) refuse_unread(message, "tool_calls");
}

/// The name of a tool or of a call: its own, or that of its function. Empty if it has none, or one
/// that JSON would write in another way.
[[nodiscard]] inline std::string tool_name(const nlohmann::ordered_json& tool) {
  if (!tool.is_object()) return {};
  const auto function = tool.find("function");
  const auto& named = function != tool.end() && function->is_object() ? *function : tool;
  const auto name = named.find("name");
  if (name == named.end() || !name->is_string()) return {};
  const auto& text = name->get_ref<const std::string&>();
  return text == nlohmann::ordered_json(text).dump().substr(1, text.size()) ? text : std::string();
}

/// Throws value_error if the text has the name of a tool less often than there are descriptions and
/// calls of it: the template has left one out, as some do with the calls of a message that has a
/// text, too.
inline void check_tools_are_written(const chat_template& by,
                                    const nlohmann::ordered_json& variables,
                                    std::string_view text) {
  std::map<std::string, std::size_t> ends;  // of those found
  const auto find_all = [&](const nlohmann::ordered_json& object, const char* list,
                            const char* what) {
    const auto found = object.find(list);
    if (found == object.end() || !found->is_array()) return;
    for (const auto& one : *found) {
      const std::string name = tool_name(one);
      if (name.empty()) continue;
      std::size_t& from = ends[name];
      from = find_word(text, name, from);
      if (from == text.npos)
        throw value_error(concat(by.name(), ": the template leaves out ", what, ' ',
                                 name.substr(0, 80),
                                 "; remove it, or choose another template (--chat-template)"));
      from += name.size();
    }
  };
  find_all(variables, "tools", "the tool");
  for (const auto& message : variables.at("messages")) find_all(message, "tool_calls", "a call of");
}

}  // namespace detail

struct chat_renderer::content {
  chat_template usual;
  std::optional<chat_template> with_tools;
  nlohmann::ordered_json variables;
  render_options options;
};

PREFOPT_INLINE chat_renderer::chat_renderer(chat_template usual,
                                            const nlohmann::ordered_json& variables,
                                            render_options options,
                                            std::optional<chat_template> with_tools)
    : content_(std::make_shared<content>(
          content{std::move(usual), std::move(with_tools), variables, options})) {
  if (!variables.is_object())
    throw value_error(
        concat(content_->usual.name(), ": the template's variables are not a JSON object"));
}

PREFOPT_INLINE std::string chat_renderer::render(const conversation& messages,
                                                 bool add_generation_prompt) const {
  return rendering_of(messages, add_generation_prompt).text;
}

PREFOPT_INLINE marked_text chat_renderer::render_marked(const conversation& messages) const {
  rendering made = rendering_of(messages, false);
  return {std::move(made.text), std::move(made.generated)};
}

PREFOPT_INLINE rendering chat_renderer::rendering_of(const conversation& messages,
                                                     bool add_generation_prompt) const {
  nlohmann::ordered_json variables = content_->variables;
  try {
    auto list = nlohmann::ordered_json::array();
    for (const chat_message& message : messages.messages) list.push_back(detail::json_of(message));
    detail::add_variables_of(messages, variables);
    variables["messages"] = normalize_messages(list);
  } catch (const format_error& cause) {
    throw value_error(cause.what());
  }
  variables["add_generation_prompt"] = add_generation_prompt;
  const bool has_tools = variables.contains("tools") && !variables["tools"].is_null();
  const chat_template& by =
      has_tools && content_->with_tools ? *content_->with_tools : content_->usual;
  detail::check_tools_are_read(by, variables);
  rendering made = by.render(variables, content_->options);
  detail::check_tools_are_written(by, variables, made.text);
  return made;
}

PREFOPT_INLINE bool chat_renderer::mentions(std::string_view name) const {
  return content_->usual.mentions(name) ||
         (content_->with_tools && content_->with_tools->mentions(name));
}

PREFOPT_INLINE bool chat_renderer::reads_date() const { return mentions("strftime_now"); }

PREFOPT_INLINE std::optional<chat_renderer> load_chat_renderer(const std::filesystem::path& folder,
                                                               render_options options) {
  auto usual = find_chat_template(folder);
  if (!usual) return std::nullopt;
  return chat_renderer(*std::move(usual), read_special_tokens(folder), options,
                       find_chat_template(folder, "tool_use"));
}

}  // namespace prefopt::inline v0_2
