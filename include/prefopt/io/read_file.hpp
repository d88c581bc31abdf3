// SPDX-License-Identifier: MIT
#pragma once
// read_file: reads a whole file into a string, up to a size limit.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "prefopt/core/error.hpp"
#include "prefopt/io/input_file.hpp"

namespace prefopt::inline v0_2 {

/// The bytes of the regular file at `path`. Throws io_error that names it if it is missing,
/// unreadable, a folder, a pipe or a device, or larger than `max_bytes`. Memory grows with the
/// bytes that are read, not with the size that the file reports.
[[nodiscard]] inline std::string read_file(const std::filesystem::path& path,
                                           std::size_t max_bytes = std::size_t{1} << 30) {
  constexpr std::size_t least_chunk = std::size_t{1} << 12, most_chunk = std::size_t{1} << 20;
  input_file file(path, file_kind::regular);
  // A small file takes little memory.
  std::size_t chunk =
      static_cast<std::size_t>(std::clamp<std::uint64_t>(file.size(), least_chunk, most_chunk));
  std::string text;
  for (;; chunk = std::min(2 * chunk, most_chunk)) {
    const std::size_t before = text.size();
    // one byte more than allowed shows that it is too long
    text.resize(before + std::min(chunk, max_bytes - before) + 1);
    const std::size_t count =
        file.read_some(std::as_writable_bytes(std::span(text).subspan(before)));
    text.resize(before + count);
    if (count == 0) return text;
    if (text.size() > max_bytes) {
      throw io_error(
          concat(path.native(), ": longer than ", max_bytes, " bytes, the most that is read"));
    }
  }
}

}  // namespace prefopt::inline v0_2
