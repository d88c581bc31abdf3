// SPDX-License-Identifier: MIT
#pragma once
// Temporary siblings: a file or folder is written under a temporary name before it gets its final
// name. The name is NAME.SCOPE-PROCESS-COUNT.prefopt-tmp: the suffix marks what a killed program
// left behind, scope and process identify who created it. A leftover is removed only if its process
// is known to be dead; the state of processes on other computers or in other containers is unknown,
// so their files stay.

#include <atomic>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>
#include <signal.h>
#include <unistd.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/file_descriptor.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/process_scope.hpp"
#include "prefopt/io/temporary_name.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Number of names that this process has given.
inline std::atomic<std::uint64_t> temporary_count{0};

}  // namespace detail

/// A path next to `path` for preparing its content: new at each call and not in use. Many processes
/// may prepare one path at the same time; each sibling has only one writer.
[[nodiscard]] inline std::filesystem::path temporary_sibling(const std::filesystem::path& path) {
  const std::filesystem::path named = without_slash(path);
  while (true) {
    std::filesystem::path sibling = named;
    sibling += concat('.', process_scope(), '-', ::getpid(), '-', detail::temporary_count++,
                      temporary_suffix);
    std::error_code ignored;  // if the folder cannot be inspected, writing gives a better message
    if (!std::filesystem::exists(std::filesystem::symlink_status(sibling, ignored))) return sibling;
  }
}

namespace detail {

/// Whether the process that created a temporary is known to be dead.
[[nodiscard]] inline bool is_leftover(const temporary_name& name) {
  if (name.scope != process_scope()) return false;
  // A count that this process has not reached is from an earlier process with its id.
  if (name.process == ::getpid()) return name.count >= temporary_count;
  return ::kill(name.process, 0) != 0 && errno == ESRCH;  // EPERM: alive, but another user's
}

}  // namespace detail

/// Removes a file, or a folder with its contents; a missing path is fine. Throws io_error.
inline void remove_tree(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  // only the final name
  if (failure) throw io_error(concat(path.native(), ": cannot remove: ", failure.message()));
}

namespace detail {

/// The temporaries directly in `folder` whose parsed names satisfy the predicate.
template <std::predicate<const temporary_name&> Predicate>
[[nodiscard]] std::vector<std::filesystem::path> find_temporaries(
    const std::filesystem::path& folder, std::error_code& failure, Predicate&& holds) {
  std::vector<std::filesystem::path> found;
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().native();
    const auto parts = parse_temporary(name);
    if (parts && holds(*parts)) found.push_back(entry->path());
  }
  return found;
}

template <std::predicate<const temporary_name&> Predicate>
void remove_temporaries(const std::filesystem::path& folder, Predicate&& holds) {
  std::error_code failure;
  const auto found = find_temporaries(folder, failure, holds);
  if (failure && failure != std::errc::no_such_file_or_directory)
    throw system_failure(folder, "read", failure.value());
  for (const auto& path : found) remove_tree(path);
}

}  // namespace detail

/// Removes the temporaries directly in `folder`, which need not exist, whose processes are dead.
/// Throws io_error.
inline void remove_leftovers(const std::filesystem::path& folder) {
  detail::remove_temporaries(folder, detail::is_leftover);
}

/// Removes the temporaries directly in `folder` whose final names satisfy `is_own(name)`, no matter
/// who created them: for a caller that is the only writer of these names there. Throws io_error.
template <std::predicate<std::string_view> Predicate>
void remove_temporaries_of(const std::filesystem::path& folder, Predicate&& is_own) {
  detail::remove_temporaries(folder,
                             [&](const detail::temporary_name& name) { return is_own(name.of); });
}

/// Removes leftovers of earlier attempts to write `path`, as far as the system allows.
inline void remove_leftovers_of(const std::filesystem::path& path) {
  const std::string name = without_slash(path).filename().native();
  std::error_code ignored;
  const auto leftovers =
      detail::find_temporaries(folder_of(path), ignored, [&](const detail::temporary_name& other) {
        return other.of == name && detail::is_leftover(other);
      });
  for (const auto& leftover : leftovers) std::filesystem::remove_all(leftover, ignored);
}

/// Gives the finished `temporary` its final name and flushes the folder, so that a power cut cannot
/// undo it.
inline void rename_over(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::rename(temporary, without_slash(path), failure);
  if (failure) throw system_failure(path, "write", failure.value());
  flush_path(folder_of(path));
}

}  // namespace prefopt::inline v0_2
