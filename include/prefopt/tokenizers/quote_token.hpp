// SPDX-License-Identifier: MIT
#pragma once
// quote_token: a token's text for a one-line message.

#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2 {

/// `text` in quotes: control characters as \xNN, broken UTF-8 as U+FFFD, truncated with "..." after
/// 60 bytes.
[[nodiscard]] inline std::string quote_token(std::string_view text) {
  constexpr std::size_t longest = 60;
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string quoted = "\"";
  std::size_t at = 0;
  while (at < text.size() && at < longest) {
    const auto [length, valid] = utf8_at(text, at);
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x20 || lead == 0x7F) {
      quoted += "\\x";
      quoted += hex[lead >> 4];
      quoted += hex[lead & 15];
    } else {
      quoted += valid ? text.substr(at, length) : std::string_view("\xEF\xBF\xBD");
    }
    at += length;
  }
  return quoted + (at < text.size() ? "\"..." : "\"");
}

}  // namespace prefopt::inline v0_2
