// SPDX-License-Identifier: MIT
#pragma once
// atomic_directory: a folder that appears with all its files or not at all.

#include <filesystem>
#include <system_error>
#include <utility>
#include <sys/stat.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/temporary.hpp"

namespace prefopt::inline v0_2 {

/// A new folder, filled under a temporary name next to its final path and moved there by `commit`;
/// without that call nothing changes. Throws io_error, also if its name is already taken.
class atomic_directory {
 public:
  explicit atomic_directory(std::filesystem::path path)
      : path_(std::move(path)), temporary_(temporary_sibling(path_)) {
    std::error_code failure;
    if (std::filesystem::exists(std::filesystem::symlink_status(path_, failure)))
      throw io_error(concat(path_.native(), ": already exists, expected a new folder"));
    remove_leftovers_of(path_);
    if (::mkdir(temporary_.c_str(), 0777) != 0) throw system_failure(temporary_, "create");
  }
  atomic_directory(const atomic_directory&) = delete;
  atomic_directory& operator=(const atomic_directory&) = delete;
  ~atomic_directory() {
    std::error_code ignored;
    if (!committed_) std::filesystem::remove_all(temporary_, ignored);
  }

  /// The folder to fill.
  [[nodiscard]] const std::filesystem::path& path() const { return temporary_; }

  /// Flushes every file and folder in it, renames it, and flushes the parent folder.
  void commit() {
    flush_all();
    rename_over(temporary_, path_);
    committed_ = true;
  }

 private:
  void flush_all() const {
    std::error_code failure;
    for (std::filesystem::recursive_directory_iterator entry(temporary_, failure), end;
         !failure && entry != end; entry.increment(failure)) {
      flush_path(entry->path());
    }
    if (failure) throw system_failure(temporary_, "read", failure.value());
    flush_path(temporary_);
  }

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

}  // namespace prefopt::inline v0_2
