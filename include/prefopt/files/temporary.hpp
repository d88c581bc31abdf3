// SPDX-License-Identifier: MIT
#pragma once
// Temporary siblings: where a file or folder grows before it is renamed to its own name. They are called
// NAME.PROCESS-COUNT.prefopt-tmp: the suffix tells what a killed program left behind, for the next one to remove, and
// the process keeps programs that share a folder out of each other's way. They must run where they see each other's
// process ids: on one machine, and in one container.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/files/file_descriptor.hpp"

namespace prefopt {

inline constexpr std::string_view temporary_suffix = ".prefopt-tmp";

/// A path beside `path` under which it can be prepared: a new one at each call, where nothing stands yet. Many
/// processes may prepare one path at the same time, but only one writer of each.
[[nodiscard]] inline std::filesystem::path temporary_sibling(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> count{0};
  const std::filesystem::path named = path.has_filename() ? path : path.parent_path();  // "out/" names the folder out
  while (true) {
    std::filesystem::path sibling = named;
    sibling += join('.', ::getpid(), '-', count++, temporary_suffix);
    std::error_code ignored;  // of a folder that cannot be looked into, writing tells more
    if (!std::filesystem::exists(std::filesystem::symlink_status(sibling, ignored))) return sibling;
  }
}

namespace detail {

/// Whether a file's name is that of a temporary that no other process is at work on. One of this process counts: its id
/// may have been that of the process that was killed.
[[nodiscard]] inline bool is_leftover(std::string_view name) {
  if (!name.ends_with(temporary_suffix)) return false;
  name.remove_suffix(temporary_suffix.size());
  name.remove_prefix(name.rfind('.') + 1);  // npos + 1 is 0
  ::pid_t process = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), process);
  const bool is_named = code == std::errc{} && process > 0 && end != name.data() + name.size() && *end == '-';
  if (!is_named || process == ::getpid()) return true;
  return ::kill(process, 0) != 0 && errno == ESRCH;  // EPERM: another user's, and alive
}

/// The leftovers in `folder`: those of the file or folder called `of` there, or all where that is empty.
[[nodiscard]] inline std::vector<std::filesystem::path> find_leftovers(const std::filesystem::path& folder,
                                                                       std::string_view of, std::error_code& failure) {
  std::vector<std::filesystem::path> leftovers;
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().native();
    if (!is_leftover(name)) continue;
    const std::size_t dot = name.rfind('.', name.size() - temporary_suffix.size() - 1);  // the one before PROCESS
    if (of.empty() || name.substr(0, dot) == of) leftovers.push_back(entry->path());
  }
  return leftovers;
}

}  // namespace detail

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

/// Removes the temporaries that stand directly in `folder`, which need not exist, but those of other processes that are
/// alive. Throws io_error.
inline void remove_leftovers(const std::filesystem::path& folder) {
  std::error_code failure;
  const auto leftovers = detail::find_leftovers(folder, "", failure);
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw system_failure(folder, "read", failure.value());
  }
  for (const auto& leftover : leftovers) remove_tree(leftover);
}

/// Removes what is left of earlier tries to write `path`, as far as the system allows.
inline void remove_leftovers_of(const std::filesystem::path& path) {
  const std::filesystem::path named = path.has_filename() ? path : path.parent_path();
  std::error_code ignored;
  for (const auto& leftover : detail::find_leftovers(folder_of(path), named.filename().native(), ignored)) {
    std::filesystem::remove_all(leftover, ignored);
  }
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
