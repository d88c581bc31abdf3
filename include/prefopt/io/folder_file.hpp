// SPDX-License-Identifier: MIT
#pragma once
// folder_file: the small files of a model's folder, read whole, and which of them belong to a
// tokenizer.

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <ranges>
#include <string>
#include <system_error>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/file_descriptor.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt::inline v0_2 {

/// A file's name within its folder, with `/` between the parts, and its bytes.
struct folder_file {
  std::string name;
  std::string content;

  friend bool operator==(const folder_file&, const folder_file&) = default;
};

/// Files that transformers writes for a tokenizer, in addition to the templates in
/// `additional_chat_templates/`.
inline constexpr std::array tokenizer_file_names{"vocab.json",
                                                 "merges.txt",
                                                 "tokenizer.json",
                                                 "tokenizer_config.json",
                                                 "special_tokens_map.json",
                                                 "added_tokens.json",
                                                 "chat_template.jinja",
                                                 "chat_template.json"};

/// Templates other than the default one are in this folder, each as `NAME.jinja`.
inline constexpr const char* chat_template_folder = "additional_chat_templates";

/// Reads the files in `names` that exist in `folder`, whole; symbolic links are followed. Throws
/// io_error that names a file which exists but cannot be read: a folder, a pipe, a dangling link.
[[nodiscard]] std::vector<folder_file> read_folder_files(
    const std::filesystem::path& folder, const std::ranges::input_range auto& names) {
  constexpr std::size_t most_bytes = std::size_t{1} << 28;
  std::vector<folder_file> files;
  for (const auto& name : names) {
    std::error_code ignored;  // if the folder cannot be inspected, reading gives a better message
    const auto kind = std::filesystem::symlink_status(folder / name, ignored).type();
    if (kind == std::filesystem::file_type::not_found) continue;
    files.push_back({name, read_file(folder / name, most_bytes)});
  }
  return files;
}

/// The files of `folder` that belong to a tokenizer, including its chat templates. Throws as
/// read_folder_files does.
[[nodiscard]] inline std::vector<folder_file> read_tokenizer_files(
    const std::filesystem::path& folder) {
  std::vector<folder_file> files = read_folder_files(folder, tokenizer_file_names);
  const auto templates = folder / chat_template_folder;
  std::error_code failure;
  if (!std::filesystem::is_directory(templates, failure)) return files;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry(templates, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() == ".jinja") {
      names.push_back(
          (std::filesystem::path(chat_template_folder) / entry->path().filename()).native());
    }
  }
  if (failure) throw system_failure(templates, "read", failure.value());
  std::ranges::sort(names);
  std::ranges::move(read_folder_files(folder, names), std::back_inserter(files));
  return files;
}

}  // namespace prefopt::inline v0_2
