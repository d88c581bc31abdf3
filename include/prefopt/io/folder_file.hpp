// SPDX-License-Identifier: MIT
#pragma once
// folder_file: the small files of a model's folder, read whole, and which of them are a
// tokenizer's.

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

namespace prefopt {

/// A file's name within its folder, with `/` between the parts, and its bytes.
struct folder_file {
  std::string name;
  std::string content;

  friend bool operator==(const folder_file&, const folder_file&) = default;
};

/// What transformers writes for a tokenizer. The templates of `additional_chat_templates/` belong
/// to it, too.
inline constexpr std::array tokenizer_file_names{"vocab.json",
                                                 "merges.txt",
                                                 "tokenizer.json",
                                                 "tokenizer_config.json",
                                                 "special_tokens_map.json",
                                                 "added_tokens.json",
                                                 "chat_template.jinja",
                                                 "chat_template.json"};

/// Templates beside the usual one lie in this folder, `NAME.jinja` each.
inline constexpr const char* chat_template_folder = "additional_chat_templates";

/// Those of `names` that are in `folder`, whole; symbolic links are followed. Throws io_error
/// naming a file that is there and cannot be read: a folder, a pipe, a link that leads nowhere.
[[nodiscard]] std::vector<folder_file> read_folder_files(
    const std::filesystem::path& folder, const std::ranges::input_range auto& names) {
  constexpr std::size_t most_bytes = std::size_t{1} << 28;
  std::vector<folder_file> files;
  for (const auto& name : names) {
    std::error_code ignored;  // of a folder that cannot be looked into, reading tells more
    const auto kind = std::filesystem::symlink_status(folder / name, ignored).type();
    if (kind == std::filesystem::file_type::not_found) continue;
    files.push_back({name, read_file(folder / name, most_bytes)});
  }
  return files;
}

/// The files of `folder` that belong to a tokenizer, its chat templates included. Throws as
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

}  // namespace prefopt
