// SPDX-License-Identifier: MIT
#pragma once
// Folders: the parent of a path, where a path leads, creating a folder so that a power cut does not
// lose it, and setting files aside in it.

#include <cerrno>
#include <filesystem>
#include <ranges>
#include <string_view>
#include <system_error>
#include <vector>
#include <sys/stat.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/file_descriptor.hpp"

namespace prefopt::inline v0_2 {

/// "out/" as "out".
[[nodiscard]] inline std::filesystem::path without_slash(const std::filesystem::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

/// The folder that contains `path`.
[[nodiscard]] inline std::filesystem::path folder_of(const std::filesystem::path& path) {
  const auto folder = without_slash(path).parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

/// The real location of a file written to `path`: symbolic links are followed, even dangling ones.
/// Throws io_error for a loop of links.
[[nodiscard]] inline std::filesystem::path follow_links(std::filesystem::path path) {
  const std::filesystem::path start = path;
  for (int links = 0; links < 40; ++links) {
    std::error_code is_no_link;
    const auto target = std::filesystem::read_symlink(path, is_no_link);
    if (is_no_link) return path;
    path = folder_of(path) / target;  // an absolute target replaces the whole path
  }
  throw io_error(concat(start.native(), ": symbolic links that form a loop"));
}

/// Returns when the content of a file, or the list of names in a folder, is on the disk. Throws
/// io_error.
inline void flush_path(const std::filesystem::path& path) {
  flush_to_disk(open_file(path, O_RDONLY, "open"), path);
}

/// Creates a folder and its missing parents, and returns when their names are on the disk. Returns
/// the folders that it created, outermost first. Throws io_error.
inline std::vector<std::filesystem::path> make_folders(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> missing;
  for (auto at = without_slash(path); !at.empty(); at = at.parent_path()) {
    std::error_code failure;
    const auto kind = std::filesystem::status(at, failure).type();
    if (kind == std::filesystem::file_type::directory) break;
    if (kind == std::filesystem::file_type::none)
      throw system_failure(at, "look at", failure.value());
    if (kind != std::filesystem::file_type::not_found)
      throw io_error(concat(at.native(), ": not a folder, expected a folder"));
    if (const auto target = std::filesystem::read_symlink(at, failure); !failure)
      throw io_error(
          concat(at.native(), ": a symbolic link to ", target.native(), ", which does not exist"));
    missing.push_back(at);
  }
  std::vector<std::filesystem::path> made;
  for (const auto& folder : missing | std::views::reverse) {
    if (::mkdir(folder.c_str(), 0777) == 0)
      made.push_back(folder);
    else if (std::error_code failure;
             errno != EEXIST || !std::filesystem::is_directory(folder, failure))
      throw system_failure(folder, "create");
    flush_path(folder_of(folder));
  }
  return made;
}

/// Renames a file or folder by appending `.` and `word`, and a number if that name is taken.
/// Returns the new path. Throws io_error.
inline std::filesystem::path set_aside(const std::filesystem::path& path, std::string_view word) {
  std::filesystem::path aside;
  for (int count = 1;; ++count) {
    aside = without_slash(path);
    aside += count == 1 ? concat('.', word) : concat('.', word, '-', count);
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(aside, ignored))) break;
  }
  std::error_code failure;
  std::filesystem::rename(without_slash(path), aside, failure);
  if (failure) throw system_failure(path, "rename", failure.value());
  flush_path(folder_of(path));
  return aside;
}

}  // namespace prefopt::inline v0_2
