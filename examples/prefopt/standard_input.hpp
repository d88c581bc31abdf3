// SPDX-License-Identifier: MIT
#pragma once
// Standard input, line by line.

#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include <prefopt/core/error.hpp>
#include <prefopt/io/line_limits.hpp>

namespace program {

/// Each line as soon as it is there. Memory: one line.
class standard_input {
 public:
  /// The next line without its newline, or nothing at the end. Throws io_error, and format_error
  /// for a line that is too long.
  [[nodiscard]] std::optional<std::string> next() {
    std::size_t searched = 0;
    while (true) {
      const std::size_t newline = waiting_.find('\n', searched);
      if (newline != std::string::npos) return take(newline, newline + 1);
      searched = waiting_.size();
      if (waiting_.size() > prefopt::line_limits{}.line_bytes)
        throw prefopt::format_error(prefopt::concat(location(), ": a line of more than ",
                                                    prefopt::line_limits{}.line_bytes, " bytes"));
      if (is_done_ || !fill()) {
        is_done_ = true;
        if (waiting_.empty()) return std::nullopt;
        return take(waiting_.size(), waiting_.size());
      }
    }
  }

  /// "stdin: line 7", for messages about the last line.
  [[nodiscard]] std::string location() const { return prefopt::concat("stdin: line ", line_); }

 private:
  std::string take(std::size_t size, std::size_t used) {
    ++line_;
    std::string line = waiting_.substr(0, size);
    waiting_.erase(0, used);
    return line;
  }

  bool fill() {
    std::array<char, 1 << 16> buffer{};
    ::ssize_t count = -1;
    do {
      count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0)
      throw prefopt::io_error(
          prefopt::concat("stdin: cannot read: ", std::generic_category().message(errno)));
    waiting_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  std::string waiting_;
  std::size_t line_ = 0;
  bool is_done_ = false;
};

}  // namespace program
