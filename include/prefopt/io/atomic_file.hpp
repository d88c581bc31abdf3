// SPDX-License-Identifier: MIT
#pragma once
// atomic_file: a file that is replaced whole or not at all, whenever the program is killed or the
// disk is full.

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/output_file.hpp"
#include "prefopt/io/temporary.hpp"

namespace prefopt {

/// What becomes of a symbolic link that stands where a file is to be written.
enum class links {
  follow,   ///< it stays, and what it leads to is replaced, or made where there is nothing yet
  replace,  ///< the file takes its place, and what it leads to stays as it was
};

/// Written beside its place and put there by `commit`; without that call nothing has happened. Of
/// processes that write one path at the same time, the last to commit counts. A file that the user
/// names follows links; a member of a folder replaces them, for a download's cache may be behind.
/// Throws io_error, also where what would be replaced is no file.
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

  /// Where to write.
  [[nodiscard]] output_file& file() { return file_; }

  /// Flushes, renames, and flushes the folder.
  void commit() {
    file_.flush();
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
  bool committed_ = false;
};

/// Makes `text` the content of the file at `path`, or leaves it as it was and throws io_error.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                  links how = links::follow) {
  atomic_file file(path, how);
  file.file().write(text);
  file.commit();
}

}  // namespace prefopt
