// SPDX-License-Identifier: MIT
#pragma once
// folder_lock: one writer per folder, across processes, containers and, if the file system supports
// locks, computers.

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/file_descriptor.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/io/process_scope.hpp"

namespace prefopt::inline v0_2 {

/// Holds an existing folder for the lifetime of the object, by a lock (flock) on a file in it. The
/// file names the holder and is removed at the end. If a process dies for any reason, the kernel
/// releases its lock.
class folder_lock {
 public:
  static constexpr const char* file_name = "run.lock";

  /// State of the folder since it was locked.
  enum class state {
    held,
    gone,      ///< the folder's name no longer exists
    replaced,  ///< another folder has its name, or another process has locked it
  };

  /// Throws io_error if another process, which it names, holds the folder or if the file cannot be
  /// written.
  explicit folder_lock(std::filesystem::path folder) : folder_(std::move(folder)) { take(); }
  folder_lock(folder_lock&& other) noexcept
      : folder_(std::move(other.folder_)),
        file_(std::move(other.file_)),
        owner_(std::move(other.owner_)),
        no_locks_(std::move(other.no_locks_)),
        is_held_(std::exchange(other.is_held_, false)) {}
  folder_lock& operator=(folder_lock&&) = delete;
  ~folder_lock() {
    if (is_held_ && is_own_file()) ::unlink(path().c_str());
  }

  /// Why the file system has no locks; empty if it has. Without them `look` still notices a later
  /// writer.
  [[nodiscard]] const std::string& no_locks() const { return no_locks_; }

  /// Whether the folder is still the one that was locked. Recreates a lock file that was removed.
  /// Throws io_error if the folder cannot be inspected.
  [[nodiscard]] state look() {
    if (is_own_file()) return content() == owner_ ? state::held : state::replaced;
    struct stat now {};
    if (::stat(folder_.c_str(), &now) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return state::gone;
      throw system_failure(folder_, "look at");
    }
    const bool is_same_folder =
        now.st_dev == folder_status_.st_dev && now.st_ino == folder_status_.st_ino;
    if (!is_same_folder || ::access(path().c_str(), F_OK) == 0) return state::replaced;
    take();
    return state::held;
  }

 private:
  [[nodiscard]] std::filesystem::path path() const { return folder_ / file_name; }

  void take() {
    while (true) {
      file_ = open_file(path(), O_RDWR | O_CREAT | O_NOFOLLOW, "write");
      lock();
      if (is_own_file()) break;  // otherwise its last holder removed it between the two calls
    }
    if (::stat(folder_.c_str(), &folder_status_) != 0) throw system_failure(folder_, "look at");
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    owner_ =
        concat("process ", ::getpid(), " on ", host_name(), "\n", process_scope(), '-', now, "\n");
    const bool is_written =
        ::ftruncate(file_.get(), 0) == 0 &&
        ::pwrite(file_.get(), owner_.data(), owner_.size(), 0) == std::ssize(owner_);
    if (!is_written) throw system_failure(path(), "write");
    is_held_ = true;
  }

  void lock() {
    int failed = -1;
    do {
      failed = ::flock(file_.get(), LOCK_EX | LOCK_NB);
    } while (failed != 0 && errno == EINTR);
    if (failed == 0) return;
    if (errno == EWOULDBLOCK) {
      const std::string holder = content();
      throw io_error(concat(folder_.native(), ": another run is writing here, ",
                            holder.empty() ? "one that is just starting"
                                           : printable(holder.substr(0, holder.find('\n'))),
                            " (it holds ", path().native(), ")"));
    }
    const int code = errno;
    if (code != ENOLCK && code != ENOSYS && code != EOPNOTSUPP && code != EINVAL)
      throw system_failure(path(), "lock");
    no_locks_ = std::generic_category().message(code);
  }

  /// Whether the open file still has its name.
  [[nodiscard]] bool is_own_file() const {
    struct stat open {
    }, named{};
    return ::fstat(file_.get(), &open) == 0 && ::lstat(path().c_str(), &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
  }

  [[nodiscard]] std::string content() const {
    std::string text(512, '\0');
    const ::ssize_t count = ::pread(file_.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }

  std::filesystem::path folder_;
  file_descriptor file_;
  struct stat folder_status_ {};
  std::string owner_;
  std::string no_locks_;
  bool is_held_ = false;
};

}  // namespace prefopt::inline v0_2
