// SPDX-License-Identifier: MIT
#pragma once
// printable: makes text from a file safe for a one-line message.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// At most `limit` bytes of the text, with '?' for anything but printable ASCII: a name from a file
/// must not break a message into lines, end it with a zero byte, or fill a screen.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t limit = 160) {
  std::string line(text.substr(0, limit));
  std::ranges::replace_if(
      line, [](char c) { return c < ' ' || c > '~'; }, '?');
  if (text.size() > limit) line += "...";
  return line;
}

}  // namespace prefopt::inline v0_2
