// SPDX-License-Identifier: MIT
#pragma once
// The definitions of chat_template_file.

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/chat/chat_template_file.hpp"
#include "prefopt/chat/ordered_json.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/io/file_descriptor.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

inline constexpr std::size_t most_template_bytes = std::size_t{1} << 24;

/// A JSON object in a folder; nothing if there is no such file.
[[nodiscard]] inline std::optional<nlohmann::ordered_json> find_json_object(
    const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) return std::nullopt;
  auto json = parse_ordered_json(read_file(file), file.native());
  if (!json.is_object()) throw format_error(concat(file.native(), ": expected a JSON object"));
  return json;
}

/// The templates that are files of a folder.
[[nodiscard]] inline std::map<std::string, chat_template_source> template_files(
    const std::filesystem::path& folder) {
  std::map<std::string, chat_template_source> found;
  const auto add = [&](std::string name, const std::filesystem::path& file) {
    found.insert_or_assign(
        std::move(name), chat_template_source{read_file(file, most_template_bytes), file.native()});
  };
  std::error_code failure;
  const auto standard = folder / "chat_template.jinja";
  if (std::filesystem::exists(std::filesystem::symlink_status(standard, failure)))
    add("default", standard);
  const auto others = folder / chat_template_folder;
  if (!std::filesystem::is_directory(others, failure)) return found;
  for (std::filesystem::directory_iterator entry(others, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() == ".jinja") add(entry->path().stem().native(), entry->path());
  }
  if (failure) throw system_failure(others, "read", failure.value());
  return found;
}

/// The templates under `chat_template` in a tokenizer_config.json.
[[nodiscard]] inline std::map<std::string, chat_template_source> configured_templates(
    const nlohmann::ordered_json& config, const std::string& file) {
  std::map<std::string, chat_template_source> found;
  const auto entry = config.find("chat_template");
  if (entry == config.end() || entry->is_null()) return found;
  const std::string where = concat(file, ": chat_template");
  if (entry->is_string()) {
    found["default"] = {entry->get<std::string>(), where};
    return found;
  }
  if (!entry->is_array()) throw format_error(concat(where, " is neither a text nor a list"));
  for (const auto& one : *entry) {
    const auto text = [&](const char* key) {
      if (!one.is_object() || !one.contains(key) || !one.at(key).is_string())
        throw format_error(concat(where, ": expected a list of {\"name\", \"template\"}"));
      return one.at(key).get<std::string>();
    };
    const std::string name = text("name");
    found[name] = {text("template"), concat(where, " ", printable(name, 40))};
  }
  return found;
}

/// A token that is a text or an object with its `content`.
[[nodiscard]] inline std::optional<std::string> token_text(const nlohmann::ordered_json& token) {
  if (token.is_string()) return token.get<std::string>();
  if (!token.is_object()) return std::nullopt;
  const auto content = token.find("content");
  if (content == token.end() || !content->is_string()) return std::nullopt;
  return content->get<std::string>();
}

/// Adds the tokens that a file names to `tokens`.
inline void add_special_tokens(nlohmann::ordered_json& tokens, const nlohmann::ordered_json& file,
                               const std::string& name) {
  constexpr std::array standard{"bos_token", "eos_token", "unk_token", "sep_token",
                                "pad_token", "cls_token", "mask_token"};
  for (const char* key : standard) {
    if (!file.contains(key) || file.at(key).is_null()) continue;
    const auto text = token_text(file.at(key));
    if (!text) throw format_error(concat(name, ": ", key, " is not a token"));
    tokens[key] = *text;
  }
  const auto add_others = [&](const nlohmann::ordered_json& others, bool by_ending) {
    for (const auto& [key, token] : others.items()) {
      const auto text = token_text(token);
      if (text && (!by_ending || key.ends_with("_token"))) tokens[key] = *text;
    }
  };
  add_others(file, true);
  if (const auto extra = file.find("extra_special_tokens");
      extra != file.end() && extra->is_object())
    add_others(*extra, false);
}

}  // namespace detail

PREFOPT_INLINE std::map<std::string, chat_template_source> read_chat_template_sources(
    const std::filesystem::path& folder) {
  if (auto found = detail::template_files(folder); !found.empty()) return found;
  const auto file = folder / "tokenizer_config.json";
  const auto config = detail::find_json_object(file);
  if (!config) return {};
  return detail::configured_templates(*config, file.native());
}

PREFOPT_INLINE std::optional<chat_template> find_chat_template(const std::filesystem::path& folder,
                                                               std::string_view name) {
  auto sources = read_chat_template_sources(folder);
  const auto found = sources.find(std::string(name));
  if (found == sources.end()) return std::nullopt;
  return chat_template::parse(found->second.text, found->second.name);
}

PREFOPT_INLINE chat_template read_chat_template(const std::filesystem::path& file) {
  return chat_template::parse(read_file(file, detail::most_template_bytes), file.native());
}

PREFOPT_INLINE nlohmann::ordered_json read_special_tokens(const std::filesystem::path& folder) {
  auto tokens = nlohmann::ordered_json::object();
  const auto config_file = folder / "tokenizer_config.json";
  const auto config = detail::find_json_object(config_file);
  if (config) detail::add_special_tokens(tokens, *config, config_file.native());
  if (config && config->contains("added_tokens_decoder")) return tokens;
  const auto map_file = folder / "special_tokens_map.json";
  if (const auto map = detail::find_json_object(map_file))
    detail::add_special_tokens(tokens, *map, map_file.native());
  return tokens;
}

}  // namespace prefopt::inline v0_2
