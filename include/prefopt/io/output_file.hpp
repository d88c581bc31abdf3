// SPDX-License-Identifier: MIT
#pragma once
// output_file: a file being written; a full disk is an error at once, not at some later close.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>
#include <fcntl.h>
#include <unistd.h>

#include "prefopt/io/file_descriptor.hpp"

namespace prefopt::inline v0_2 {

/// A file open for writing, unbuffered: pass it large pieces. All members throw io_error if the
/// system refuses.
class output_file {
 public:
  enum class mode {
    replace,  ///< overwrites an existing file, or the target of a symbolic link
    append,
    create,  ///< nothing may exist there, not even a symbolic link
  };

  explicit output_file(std::filesystem::path path, mode how = mode::replace)
      : path_(std::move(path)),
        file_(open_file(path_, O_WRONLY | O_CREAT | flags_of(how), "write")) {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Reserves room for a file of exactly `bytes` bytes, so that a full disk is detected before the
  /// work is done.
  void reserve(std::uint64_t bytes) {
    if (bytes == 0) return;
    int code = EINTR;
    while (code == EINTR) code = ::posix_fallocate(file_.get(), 0, static_cast<::off_t>(bytes));
    const bool cannot_tell =
        code == EOPNOTSUPP || code == EINVAL || code == ENOSYS || code == ENODEV;
    if (code != 0 && !cannot_tell) throw system_failure(path_, "write", code);
  }

  /// The same without writing any data: returns false and does nothing if the file system cannot
  /// reserve room.
  [[nodiscard]] bool try_reserve(std::uint64_t bytes) {
    int failed = 0;
    do {
      failed = bytes == 0 ? 0 : ::fallocate(file_.get(), 0, 0, static_cast<::off_t>(bytes));
    } while (failed != 0 && errno == EINTR);
    if (failed == 0) return true;
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == ENODEV) return false;
    throw system_failure(path_, "make room");
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ::ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_failure(path_, "write");
      bytes =
          // a disk that fills up first writes less than requested
          bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Returns when the file's content is on the disk. After a failure the content is lost, even if a
  /// second try succeeds.
  void flush() { flush_to_disk(file_, path_); }

  /// Nothing can be written any more.
  void close() { file_ = file_descriptor(); }

 private:
  [[nodiscard]] static int flags_of(mode how) {
    if (how == mode::create) return O_EXCL | O_NOFOLLOW;
    return how == mode::append ? O_APPEND : O_TRUNC;
  }

  std::filesystem::path path_;
  file_descriptor file_;
};

}  // namespace prefopt::inline v0_2
