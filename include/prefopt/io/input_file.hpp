// SPDX-License-Identifier: MIT
#pragma once
// input_file: a file opened for reading. It is read, never mapped: a mapped file that shrinks would
// kill the process.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <sys/stat.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/file_descriptor.hpp"

namespace prefopt::inline v0_2 {

/// Kinds of files that may be opened: anything except a folder, or only a regular file.
enum class file_kind { any, regular };

/// A file open for reading. Throws io_error if the system refuses, for a folder, and for a file of
/// another kind; opening a pipe as a regular file does not wait for a writer.
class input_file {
 public:
  explicit input_file(std::filesystem::path path, file_kind kind = file_kind::any)
      : path_(std::move(path)),
        file_(open_file(path_, O_RDONLY | (kind == file_kind::regular ? O_NONBLOCK : 0), "open")) {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) throw system_failure(path_, "read");
    if (S_ISDIR(status.st_mode))
      throw io_error(concat(path_.native(), ": a folder, expected a file"));
    is_regular_ = S_ISREG(status.st_mode);
    if (kind == file_kind::regular && !is_regular_) {
      throw io_error(concat(path_.native(), ": ", S_ISFIFO(status.st_mode) ? "a pipe" : "a device",
                            ", expected a regular file"));
    }
    size_ = is_regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Size in bytes when it was opened; 0 if it is not a regular file (a pipe).
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool is_regular() const { return is_regular_; }

  /// Continues after the last `read_some` and reads up to `to.size()` bytes; returns the number of
  /// bytes read, 0 at the end.
  std::size_t read_some(std::span<std::byte> to) {
    while (true) {
      const ::ssize_t count = ::read(file_.get(), to.data(), to.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) throw system_failure(path_, "read");
    }
  }

  /// Fills `to` from byte `offset` on. Throws io_error if the file ends too early.
  void read_at(std::uint64_t offset, std::span<std::byte> to) const {
    while (!to.empty()) {
      const ::ssize_t count =
          ::pread(file_.get(), to.data(), to.size(), static_cast<::off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_failure(path_, "read");
      if (count == 0) {
        throw io_error(
            concat(path_.native(), ": ends at byte ", offset, ", expected ", to.size(), " more"));
      }
      offset += static_cast<std::uint64_t>(count);
      to = to.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  std::filesystem::path path_;
  file_descriptor file_;
  std::uint64_t size_ = 0;
  bool is_regular_ = false;
};

}  // namespace prefopt::inline v0_2
