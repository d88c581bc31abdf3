// SPDX-License-Identifier: MIT
#pragma once
// file_descriptor: owns an open POSIX file. Also turns a failed system call into an io_error, and
// flushes written data to the disk.

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <fcntl.h>
#include <unistd.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/temporary_name.hpp"

namespace prefopt::inline v0_2 {

/// The io_error for a system call that just failed on `path`: "PATH: cannot ACTION: reason", with
/// the reason from `code`. A temporary is named by its final name.
[[nodiscard]] inline io_error system_failure(const std::filesystem::path& path,
                                             std::string_view action, int code = errno) {
  return io_error(concat(without_temporary_names(path).native(), ": cannot ", action, ": ",
                         std::generic_category().message(code)));
}

/// Owns an open file and closes it. Move-only.
class file_descriptor {
 public:
  file_descriptor() = default;
  explicit file_descriptor(int number) : number_(number) {}
  file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~file_descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] int get() const { return number_; }

 private:
  int number_ = -1;
};

/// Opens a file, retrying if a signal interrupts. Throws io_error.
[[nodiscard]] inline file_descriptor open_file(const std::filesystem::path& path, int flags,
                                               std::string_view action) {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (number < 0 && errno == EINTR);
  if (number < 0) throw system_failure(path, action);
  return file_descriptor(number);
}

/// Returns when the data written to an open file or folder is on the disk; returns at once if the
/// file system does not support flushing. Throws io_error: the content is then lost, even if a
/// second try succeeds.
inline void flush_to_disk(const file_descriptor& file, const std::filesystem::path& path) {
  int failed = -1;
  do {
    failed = ::fsync(file.get());
  } while (failed != 0 && errno == EINTR);
  const bool needs_none = errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
  if (failed != 0 && !needs_none) throw system_failure(path, "write");
}

}  // namespace prefopt::inline v0_2
