// SPDX-License-Identifier: MIT
#pragma once
// atomic_file: a file that is replaced as a whole or not at all, even if the program is killed or
// the disk is full.

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/output_file.hpp"
#include "prefopt/io/temporary.hpp"

namespace prefopt::inline v0_2 {

/// What happens to a symbolic link at the path of a file to write.
enum class links {
  follow,   ///< the link stays; its target is replaced, or created if it does not exist
  replace,  ///< the file replaces the link; its target stays unchanged
};

/// Written next to its final path and moved there by `commit`; without that call nothing changes.
/// If several processes write one path at the same time, the last to commit wins. A file that the
/// user names follows links; a member of a folder replaces them, because they may lead into a
/// download cache. Throws io_error, also if what would be replaced is not a file.
class atomic_file {
 public:
  explicit atomic_file(std::filesystem::path path, links how = links::follow)
      : path_(how == links::follow ? follow_links(std::move(path)) : std::move(path)),
        file_(new_temporary(path_), output_file::mode::create) {}
  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;
  ~atomic_file() {
    std::error_code ignored;
    if (!committed_) std::filesystem::remove(file_.path(), ignored);
  }

  /// The file to write to.
  [[nodiscard]] output_file& file() { return file_; }

  /// Flushes the content and closes the file, so that a program can prepare many: `commit` is all
  /// that is left.
  void close() {
    file_.flush();
    file_.close();
    closed_ = true;
  }

  /// Flushes, renames, and flushes the folder.
  void commit() {
    if (!closed_) file_.flush();
    rename_over(file_.path(), path_);
    committed_ = true;
  }

 private:
  [[nodiscard]] static std::filesystem::path new_temporary(const std::filesystem::path& path) {
    std::error_code ignored;
    const auto status = std::filesystem::symlink_status(path, ignored);
    const bool is_replaced =
        std::filesystem::is_regular_file(status) || std::filesystem::is_symlink(status);
    if (std::filesystem::exists(status) && !is_replaced)
      throw io_error(concat(path.native(), ": cannot write: not a regular file"));
    remove_leftovers_of(path);
    return temporary_sibling(path);
  }

  std::filesystem::path path_;
  output_file file_;
  bool closed_ = false;
  bool committed_ = false;
};

/// Makes `text` the content of the file at `path`, or leaves the file unchanged and throws
/// io_error.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                  links how = links::follow) {
  atomic_file file(path, how);
  file.file().write(text);
  file.commit();
}

}  // namespace prefopt::inline v0_2
