// SPDX-License-Identifier: MIT
#pragma once
// sidecar_files: the other files of a Hugging Face GPT-2 folder, copied along with the weights.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt {

/// A file that is copied unchanged.
using carried_file = folder_file;

/// The config that a model was loaded with, and the files to copy: the tokenizer's, including its
/// chat templates, and generation_config.json.
struct sidecar_files {
  nlohmann::json config = nlohmann::json::object();
  std::vector<carried_file> files;
  std::vector<std::string> notes = {};  ///< remarks for the user of the folder, one line each

  /// Whether the folder defines how messages become text. This library does not render templates.
  [[nodiscard]] bool has_chat_template() const {
    return std::ranges::any_of(files, [](const carried_file& file) {
      if (file.name != "tokenizer_config.json")
        return file.name.starts_with("chat_template.") || file.name.find('/') != file.name.npos;
      const nlohmann::json json = parse_json(file.content, file.name);
      return json_object(json, file.name).has_value("chat_template");
    });
  }
};

/// A tokenizer that can be saved: `files()`, a range of objects with `name` and `content`;
/// `has_end_of_text()`, and `end_of_text()` if it has one.
template <class T>
concept saveable_tokenizer = requires(const T& tokenizer) {
  { tokenizer.files() } -> std::ranges::forward_range;
  { std::ranges::begin(tokenizer.files())->name } -> std::convertible_to<std::string>;
  { std::ranges::begin(tokenizer.files())->content } -> std::convertible_to<std::string>;
  { tokenizer.has_end_of_text() } -> std::same_as<bool>;
  { tokenizer.end_of_text() } -> std::integral;
};

/// The files of a model that does not have a folder yet.
template <saveable_tokenizer Tokenizer>
[[nodiscard]] sidecar_files sidecar_files_of(const Tokenizer& tokenizer) {
  sidecar_files sidecars;
  for (const auto& file : tokenizer.files()) sidecars.files.push_back({file.name, file.content});
  if (tokenizer.has_end_of_text()) {
    sidecars.config["bos_token_id"] = tokenizer.end_of_text();
    sidecars.config["eos_token_id"] = tokenizer.end_of_text();
  }
  return sidecars;
}

namespace detail {

inline constexpr const char* generation_config = "generation_config.json";

/// An `eos_token_id`: a number, a list of them, or null.
[[nodiscard]] inline std::vector<std::int64_t> parse_end_ids(const nlohmann::json& value,
                                                             const std::string& where) {
  const auto id = [&](const nlohmann::json& each) {
    return to_integer(each, where, 0, std::numeric_limits<std::int32_t>::max());
  };
  std::vector<std::int64_t> ids;
  if (value.is_array())
    std::ranges::transform(value, std::back_inserter(ids), id);
  else if (!value.is_null())
    ids.push_back(id(value));
  return ids;
}

/// Puts `end` first among a config's ids, unless it is one of them. Returns the previous ids if it
/// was added.
[[nodiscard]] inline std::vector<std::int64_t> add_end_id(nlohmann::json& config,
                                                          const std::string& name,
                                                          std::int64_t end) {
  constexpr const char* key = "eos_token_id";
  nlohmann::json& value = config[key];
  std::vector<std::int64_t> ids = parse_end_ids(value, concat(name, ": ", key));
  if (std::ranges::find(ids, end) != ids.end()) return {};
  if (ids.empty()) {
    value = end;
  } else {
    value = nlohmann::json::array({end});
    for (const std::int64_t id : ids) value.push_back(id);
  }
  return ids;
}

}  // namespace detail

/// Makes generation stop at the token that closed the responses in training: if config.json and
/// generation_config.json name only other ids, adds `end` to them, as TRL does, with a note. `name`
/// (the folder's) begins messages. Throws format_error for anything that is not an id.
inline void add_end_of_text(sidecar_files& sidecars, std::int64_t end,
                            const std::filesystem::path& name) {
  std::string seen;
  const auto add = [&](nlohmann::json& config, const char* file) {
    for (const std::int64_t id : detail::add_end_id(config, (name / file).native(), end))
      seen += concat(seen.empty() ? "" : ", ", id, " in ", file);
  };
  add(sidecars.config, "config.json");
  const auto file =
      std::ranges::find(sidecars.files, detail::generation_config, &carried_file::name);
  if (file != sidecars.files.end()) {
    const std::string path = (name / file->name).native();
    nlohmann::json generation = parse_json(file->content, path);
    (void)json_object(generation, path);  // it must be an object
    const nlohmann::json before = generation;
    add(generation, detail::generation_config);
    if (generation != before) file->content = generation.dump(2) + "\n";
  }
  if (seen.empty()) return;
  sidecars.notes.push_back(concat(
      name.native(), ": the tokenizer ends a text with token ", end, ", but eos_token_id is ", seen,
      "; the trained model's files hold both, so generation stops at either"));
}

/// Reads the files in a model's folder; only config.json is required. Throws io_error and
/// format_error.
[[nodiscard]] inline sidecar_files read_sidecar_files(const std::filesystem::path& folder) {
  constexpr std::size_t config_limit = std::size_t{1} << 24;
  check_model_folder(folder);
  const auto config = folder / "config.json";
  sidecar_files sidecars{parse_json(read_file(config, config_limit), config.native()), {}};
  (void)json_object(sidecars.config, config.native());  // it must be an object
  sidecars.files = read_folder_files(folder, std::array{detail::generation_config});
  std::ranges::move(read_tokenizer_files(folder), std::back_inserter(sidecars.files));
  std::string unknown;
  for (const std::string& key : unknown_gpt2_config_keys(sidecars.config))
    unknown += concat(unknown.empty() ? "" : ", ", printable(key, 40));
  if (!unknown.empty()) {
    sidecars.notes.push_back(concat(
        config.native(), ": unknown keys, not used but copied to the trained model: ", unknown));
  }
  return sidecars;
}

/// The same for a model that was trained on this tokenizer's texts: generation will also stop at
/// its end of text.
template <saveable_tokenizer Tokenizer>
[[nodiscard]] sidecar_files read_sidecar_files(const std::filesystem::path& folder,
                                               const Tokenizer& tokenizer) {
  sidecar_files sidecars = read_sidecar_files(folder);
  if (tokenizer.has_end_of_text()) add_end_of_text(sidecars, tokenizer.end_of_text(), folder);
  return sidecars;
}

}  // namespace prefopt
