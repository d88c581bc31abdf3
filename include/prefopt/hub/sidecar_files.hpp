// SPDX-License-Identifier: MIT
#pragma once
// sidecar_files: the other files of a Hugging Face folder, copied along with the weights.

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "prefopt/formats/tensor_type.hpp"
#include "prefopt/hub/save_options.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/json_value.hpp"

namespace prefopt::inline v0_2 {

/// A file that is copied unchanged.
using carried_file = folder_file;

/// The config that a model was loaded with, and the files to copy: the tokenizer's, including its
/// chat templates, and generation_config.json.
struct sidecar_files {
  json_value config = json_value::object();
  std::vector<carried_file> files;
  std::vector<std::string> notes = {};  ///< remarks for the user of the folder, one line each
  /// The type of the folder's weights; unset if they are of several types, or there are none.
  std::optional<tensor_type> stored_type = {};

  /// The type in which a trained model is saved unless save_options say otherwise: bfloat16 for a
  /// folder whose weights are all bfloat16, which therefore does not grow; otherwise float32, also
  /// for float16, which cannot hold every value that training reaches.
  [[nodiscard]] weight_type default_dtype() const {
    return stored_type == bfloat16_type ? weight_type::bfloat16 : weight_type::float32;
  }

  /// Whether the folder defines how messages become text. This library does not render templates.
  [[nodiscard]] bool has_chat_template() const;

  /// The tokens that end a text: `eos_token_id` of generation_config.json or, without it, of
  /// config.json; a number or a list. Throws format_error for anything that is not an id.
  [[nodiscard]] std::vector<std::int64_t> end_ids() const;
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

namespace detail {

/// Makes `end` the token that begins and ends a text.
void set_end_of_text(nlohmann::json& config, std::int64_t end);

}  // namespace detail

/// The files of a model that does not have a folder yet.
template <saveable_tokenizer Tokenizer>
[[nodiscard]] sidecar_files sidecar_files_of(const Tokenizer& tokenizer) {
  sidecar_files sidecars;
  for (const auto& file : tokenizer.files()) sidecars.files.push_back({file.name, file.content});
  if (tokenizer.has_end_of_text())
    detail::set_end_of_text(*sidecars.config, static_cast<std::int64_t>(tokenizer.end_of_text()));
  return sidecars;
}

/// Makes generation stop at the token that closed the responses in training: if config.json and
/// generation_config.json name only other ids, adds `end` to them, as TRL does, with a note. `name`
/// (the folder's) begins messages. Throws format_error for anything that is not an id.
void add_end_of_text(sidecar_files& sidecars, std::int64_t end, const std::filesystem::path& name);

/// Reads the files in a model's folder; only config.json is required. Throws io_error and
/// format_error.
[[nodiscard]] sidecar_files read_sidecar_files(const std::filesystem::path& folder);

/// The same for a model that was trained on this tokenizer's texts: generation will also stop at
/// its end of text.
template <saveable_tokenizer Tokenizer>
[[nodiscard]] sidecar_files read_sidecar_files(const std::filesystem::path& folder,
                                               const Tokenizer& tokenizer) {
  sidecar_files sidecars = read_sidecar_files(folder);
  if (tokenizer.has_end_of_text()) add_end_of_text(sidecars, tokenizer.end_of_text(), folder);
  return sidecars;
}

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/hub/detail/sidecar_files_definitions.hpp"
#endif
