// SPDX-License-Identifier: MIT
#pragma once
// gpt2_companions: what stands beside the weights in a Hugging Face GPT-2 folder and travels with them.

#include <array>
#include <concepts>
#include <filesystem>
#include <ranges>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/files/json.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/files/read_file.hpp"

namespace prefopt {

/// A file that is carried along as it is.
struct carried_file {
  std::string name;  ///< within its folder
  std::string content;
};

/// The config that a model came with, and the files to be carried along: the tokenizer's, generation_config.json.
struct gpt2_companions {
  nlohmann::json config = nlohmann::json::object();
  std::vector<carried_file> files;
};

/// A tokenizer that knows its files: `files()`, a range of things with `name` and `content`; `has_end_of_text()`, and
/// `end_of_text()` where it has one.
template <class T>
concept filed_tokenizer = requires(const T& tokenizer) {
  { tokenizer.files() } -> std::ranges::forward_range;
  { std::ranges::begin(tokenizer.files())->name } -> std::convertible_to<std::string>;
  { std::ranges::begin(tokenizer.files())->content } -> std::convertible_to<std::string>;
  { tokenizer.has_end_of_text() } -> std::same_as<bool>;
  { tokenizer.end_of_text() } -> std::integral;
};

/// The companions of a model that has no folder yet.
template <filed_tokenizer Tokenizer>
[[nodiscard]] gpt2_companions companions_of(const Tokenizer& tokenizer) {
  gpt2_companions companions;
  for (const auto& file : tokenizer.files()) companions.files.push_back({file.name, file.content});
  if (tokenizer.has_end_of_text()) {
    companions.config["bos_token_id"] = tokenizer.end_of_text();
    companions.config["eos_token_id"] = tokenizer.end_of_text();
  }
  return companions;
}

/// The companions in a model's folder; only config.json must be there. Throws io_error and format_error.
[[nodiscard]] inline gpt2_companions read_gpt2_companions(const std::filesystem::path& folder) {
  constexpr std::array names{"generation_config.json",  "vocab.json",        "merges.txt",           "tokenizer.json",
                             "special_tokens_map.json", "added_tokens.json", "tokenizer_config.json"};
  constexpr std::size_t config_limit = std::size_t{1} << 24;
  constexpr std::size_t file_limit = std::size_t{1} << 28;
  const auto config = folder / "config.json";
  gpt2_companions companions{parse_json(read_file(config, config_limit), config.native()), {}};
  (void)json_object(companions.config, config.native());  // it must be an object
  for (const char* name : names) {
    std::error_code ignored;
    if (std::filesystem::exists(folder / name, ignored)) {
      companions.files.push_back({name, read_file(folder / name, file_limit)});
    }
  }
  return companions;
}

}  // namespace prefopt
