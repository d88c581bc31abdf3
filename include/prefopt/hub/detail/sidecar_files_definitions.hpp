// SPDX-License-Identifier: MIT
#pragma once
// The definitions of sidecar_files.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/hub/model_config_json.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE bool sidecar_files::has_chat_template() const {
  return std::ranges::any_of(files, [](const carried_file& file) {
    if (file.name != "tokenizer_config.json")
      return file.name.starts_with("chat_template.") || file.name.find('/') != file.name.npos;
    const nlohmann::json json = parse_json(file.content, file.name);
    return json_object(json, file.name).has_value("chat_template");
  });
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

}  // namespace detail

PREFOPT_INLINE std::vector<std::int64_t> sidecar_files::end_ids() const {
  constexpr const char* key = "eos_token_id";
  const auto ids_in = [&](const nlohmann::json& json, const std::string& name) {
    const json_object object(json, name);
    return object.has(key) ? detail::parse_end_ids(json.at(key), concat(name, ": ", key))
                           : std::vector<std::int64_t>();
  };
  const auto file = std::ranges::find(files, detail::generation_config, &carried_file::name);
  if (file != files.end()) {
    std::vector<std::int64_t> ids = ids_in(parse_json(file->content, file->name), file->name);
    if (!ids.empty()) return ids;
  }
  return ids_in(*config, "config.json");
}

namespace detail {

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

PREFOPT_INLINE void set_end_of_text(nlohmann::json& config, std::int64_t end) {
  config["bos_token_id"] = end;
  config["eos_token_id"] = end;
}

}  // namespace detail

PREFOPT_INLINE void add_end_of_text(sidecar_files& sidecars, std::int64_t end,
                                    const std::filesystem::path& name) {
  std::string seen;
  const auto add = [&](nlohmann::json& config, const char* file) {
    for (const std::int64_t id : detail::add_end_id(config, (name / file).native(), end))
      seen += concat(seen.empty() ? "" : ", ", id, " in ", file);
  };
  add(*sidecars.config, "config.json");
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

namespace detail {

/// The type that all weights have. Buffers that older files contain do not count.
[[nodiscard]] inline std::optional<tensor_type> common_type(const safetensors_archive& archive) {
  std::optional<tensor_type> common;
  for (const auto& [name, item] : archive.tensors()) {
    if (name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias") ||
        name.ends_with("rotary_emb.inv_freq"))
      continue;
    if (common && *common != item.entry->type) return std::nullopt;
    common = item.entry->type;
  }
  return common;
}

}  // namespace detail

PREFOPT_INLINE sidecar_files read_sidecar_files(const std::filesystem::path& folder) {
  constexpr std::size_t config_limit = std::size_t{1} << 24;
  check_model_folder(folder);
  const auto config = folder / "config.json";
  sidecar_files sidecars{parse_json(read_file(config, config_limit), config.native()), {}};
  (void)json_object(*sidecars.config, config.native());  // it must be an object
  sidecars.files = read_folder_files(folder, std::array{detail::generation_config});
  std::ranges::move(read_tokenizer_files(folder), std::back_inserter(sidecars.files));
  if (has_weights(folder))
    sidecars.stored_type = detail::common_type(safetensors_archive::from_folder(folder));
  std::string unknown;
  for (const std::string& key : unknown_config_keys(*sidecars.config))
    unknown += concat(unknown.empty() ? "" : ", ", printable(key, 40));
  if (!unknown.empty()) {
    sidecars.notes.push_back(concat(
        config.native(), ": unknown keys, not used but copied to the trained model: ", unknown));
  }
  return sidecars;
}

}  // namespace prefopt::inline v0_2
