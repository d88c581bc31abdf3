// SPDX-License-Identifier: MIT
#pragma once
// The chat templates of a model's folder, and the special tokens that they print, found where
// transformers finds them.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "prefopt/chat/chat_template.hpp"

namespace prefopt::inline v0_2 {

/// A template that is not parsed yet.
struct chat_template_source {
  std::string text;
  std::string name;  ///< its file, and its name there if the file has several; for messages
};

/// The templates of a model's folder by name; the usual one is "default". Those in files,
/// `chat_template.jinja` and `additional_chat_templates/NAME.jinja`, come before `chat_template` in
/// `tokenizer_config.json`, a text or a list of `{"name", "template"}`. Throws io_error and
/// format_error for a file that cannot be read.
[[nodiscard]] std::map<std::string, chat_template_source> read_chat_template_sources(
    const std::filesystem::path& folder);

/// The template of that name, or nothing if the folder has none. Throws as chat_template::parse and
/// read_chat_template_sources do.
[[nodiscard]] std::optional<chat_template> find_chat_template(const std::filesystem::path& folder,
                                                              std::string_view name = "default");

/// The template in a file. Throws io_error, and format_error as chat_template::parse does.
[[nodiscard]] chat_template read_chat_template(const std::filesystem::path& file);

/// `bos_token`, `eos_token` and so on as texts, an object to render with. They are in
/// `tokenizer_config.json`, and, if that has no `added_tokens_decoder`, in
/// `special_tokens_map.json`, which then takes precedence. Empty for a folder without these files.
/// Throws io_error and format_error.
[[nodiscard]] nlohmann::ordered_json read_special_tokens(const std::filesystem::path& folder);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/chat/detail/chat_template_file_definitions.hpp"
#endif
