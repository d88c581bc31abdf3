// SPDX-License-Identifier: MIT
#pragma once
// Temporary siblings: where a file or folder grows before it is renamed to its own name. They carry a fixed suffix, so
// that what a killed program left behind is recognized, and overwritten or removed by the next one.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "prefopt/files/file_descriptor.hpp"

namespace prefopt {

inline constexpr std::string_view temporary_suffix = ".prefopt-tmp";

/// The path beside `path` under which it is prepared. One writer a path at a time.
[[nodiscard]] inline std::filesystem::path temporary_sibling(const std::filesystem::path& path) {
  std::filesystem::path sibling = path.has_filename() ? path : path.parent_path();  // "out/" names the folder out
  sibling += temporary_suffix;
  return sibling;
}

/// The folder that `path` stands in.
[[nodiscard]] inline std::filesystem::path folder_of(const std::filesystem::path& path) {
  const auto folder = (path.has_filename() ? path : path.parent_path()).parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

/// Removes a file or a folder with all in it; nothing there is fine. Throws io_error.
inline void remove_tree(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure) throw system_failure(path, "remove", failure.value());
}

/// Removes the temporaries that stand directly in `folder`, which need not exist. Throws io_error.
inline void remove_leftovers(const std::filesystem::path& folder) {
  std::error_code failure;
  std::vector<std::filesystem::path> leftovers;
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().native().ends_with(temporary_suffix)) leftovers.push_back(entry->path());
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw system_failure(folder, "read", failure.value());
  }
  for (const auto& leftover : leftovers) remove_tree(leftover);
}

/// Returns when the content of a file, or the list of names in a folder, is on the disk. Throws io_error.
inline void flush_path(const std::filesystem::path& path) {
  const file_descriptor file = open_file(path, O_RDONLY, "open");
  const bool failed = ::fsync(file.get()) != 0;
  if (failed && errno != EINVAL) throw system_failure(path, "write");  // EINVAL: a file system that needs none
}

/// Gives the finished `temporary` its name and flushes the folder, after which a power cut cannot undo it.
inline void rename_into_place(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::rename(temporary, path.has_filename() ? path : path.parent_path(), failure);
  if (failure) throw system_failure(path, "write", failure.value());
  flush_path(folder_of(path));
}

}  // namespace prefopt
