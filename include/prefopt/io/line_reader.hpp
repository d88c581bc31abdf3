// SPDX-License-Identifier: MIT
#pragma once
// line_reader: the lines of a text file one by one, in bounded memory whatever the file holds.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/io/text_file.hpp"

namespace prefopt {

/// Bounds on a text file, the decompressed one: gzip makes a thousand bytes of one. What is made of a line takes memory
/// even where the line is short.
struct line_limits {
  std::size_t line_bytes = std::size_t{64} << 20;
  std::uint64_t file_bytes = std::uint64_t{4} << 30;
  std::size_t lines = 4'000'000;
};

/// Lines of a plain or gzip file, without their ends (LF or CR LF); a byte order mark before the first is skipped.
class line_reader {
 public:
  /// Throws io_error.
  explicit line_reader(const std::filesystem::path& path, line_limits limits = {}) : file_(path), limits_(limits) {}

  /// Puts the next line into `line`, or says false at the end. Throws io_error and format_error, naming file and line.
  [[nodiscard]] bool next(std::string& line) {
    line.clear();
    bool is_line = false;  // a last line without an end is one too, if it is not empty
    while (!take_until_end(line)) {
      if (!refill()) {
        is_line = !line.empty();
        break;
      }
    }
    is_line = is_line || ended_;
    if (!is_line) return false;
    if (number_ == limits_.lines) {
      throw format_error(join(file_.path().native(), ": more than ", limits_.lines, " lines"));
    }
    ++number_;
    if (line.ends_with('\r')) line.pop_back();
    if (number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    return true;
  }

  /// Number of the line that `next` gave last, from 1.
  [[nodiscard]] std::size_t number() const { return number_; }

  /// "FILE: line N" of that line, for messages.
  [[nodiscard]] std::string place() const { return join(file_.path().native(), ": line ", number_); }

 private:
  /// Moves what is left of the current line from the buffer to `line`; whether the line's end was there.
  bool take_until_end(std::string& line) {
    const std::size_t end = left_.find('\n');
    ended_ = end != left_.npos;
    const std::string_view piece = left_.substr(0, end);
    if (piece.size() > limits_.line_bytes - line.size()) {
      throw format_error(
          join(file_.path().native(), ": line ", number_ + 1, ": longer than ", limits_.line_bytes, " bytes"));
    }
    line += piece;
    left_.remove_prefix(ended_ ? end + 1 : left_.size());
    return ended_;
  }

  bool refill() {
    const std::size_t count = file_.read_some(buffer_);
    if (count > limits_.file_bytes - bytes_) {
      throw format_error(join(file_.path().native(), ": longer than ", limits_.file_bytes, " bytes of text"));
    }
    bytes_ += count;
    left_ = {buffer_.data(), count};
    return count > 0;
  }

  text_file file_;
  line_limits limits_;
  std::array<char, std::size_t{1} << 16> buffer_{};
  std::string_view left_;  // what of the buffer is not handed out yet
  std::uint64_t bytes_ = 0;
  std::size_t number_ = 0;
  bool ended_ = false;
};

}  // namespace prefopt
