// SPDX-License-Identifier: MIT
#pragma once
// check_room: whether files of given sizes will fit, checked before the work that creates them.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <numeric>
#include <string>
#include <system_error>
#include <vector>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "prefopt/core/error.hpp"
#include "prefopt/io/output_file.hpp"
#include "prefopt/io/temporary.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// A folder with a temporary name next to a path, deleted with its contents at the end.
class temporary_folder {
 public:
  explicit temporary_folder(const std::filesystem::path& beside)
      : path_(temporary_sibling(beside)) {
    if (::mkdir(path_.c_str(), 0777) != 0) throw system_failure(path_, "create");
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace detail

/// Throws io_error, with the number of bytes needed, if the file system of `folder` has no room for
/// these files together, including quotas and limits on file size. Leaves nothing behind. It is a
/// check, not a reservation: other writers may take the room meanwhile.
inline void check_room(const std::filesystem::path& folder,
                       const std::vector<std::uint64_t>& file_bytes) {
  const std::uint64_t total =
      std::accumulate(file_bytes.begin(), file_bytes.end(), std::uint64_t{0});
  const auto refuse = [&](const std::string& why) {
    throw io_error(concat(folder.native(), ": no room for ", total, " bytes in ", file_bytes.size(),
                          " files: ", why));
  };
  const detail::temporary_folder probe(folder / "room");
  for (std::size_t i = 0; i < file_bytes.size(); ++i) {
    output_file file(probe.path() / std::to_string(i), output_file::mode::create);
    try {
      if (file.try_reserve(file_bytes[i])) continue;
    } catch (const io_error& cause) {
      const std::string text = cause.what();
      refuse(text.substr(text.rfind(": ") + 2));
    }
    struct statvfs status {};  // a file system that cannot reserve
    if (::statvfs(folder.c_str(), &status) != 0) throw system_failure(folder, "look at");
    const auto free = static_cast<double>(status.f_bavail) * static_cast<double>(status.f_frsize);
    if (status.f_blocks != 0 && free < static_cast<double>(total))
      refuse(concat(free, " are free"));
    return;
  }
}

}  // namespace prefopt::inline v0_2
