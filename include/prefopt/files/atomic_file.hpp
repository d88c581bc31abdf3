// SPDX-License-Identifier: MIT
#pragma once
// atomic_file: a file that is replaced whole or not at all, whenever the program is killed or the disk is full.

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/files/folders.hpp"
#include "prefopt/files/output_file.hpp"
#include "prefopt/files/temporary.hpp"

namespace prefopt {

/// Written beside its place and put there by `commit`; without that call nothing has happened. A symbolic link stays
/// and what it leads to is replaced, or made where there is nothing yet. Of processes that write one path at the same
/// time, the last to commit counts. Throws io_error, also where the path leads to what is no file.
class atomic_file {
 public:
  explicit atomic_file(std::filesystem::path path)
      : path_(follow_links(std::move(path))), file_(new_temporary(path_), output_file::mode::create) {}
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
    rename_into_place(file_.path(), path_);
    committed_ = true;
  }

 private:
  [[nodiscard]] static std::filesystem::path new_temporary(const std::filesystem::path& path) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
      throw io_error(join(path.native(), ": cannot write: not a regular file"));
    remove_leftovers_of(path);
    return temporary_sibling(path);
  }

  std::filesystem::path path_;
  output_file file_;
  bool committed_ = false;
};

/// Makes `text` the content of the file at `path`, or leaves it as it was and throws io_error.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  atomic_file file(path);
  file.file().write(text);
  file.commit();
}

}  // namespace prefopt
