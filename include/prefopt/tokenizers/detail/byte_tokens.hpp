// SPDX-License-Identifier: MIT
#pragma once
// Tokens that stand for single bytes: <0x00> to <0xFF>, the fallback for characters without a
// token.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// The token of a byte.
[[nodiscard]] inline std::string byte_token(std::uint8_t byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + '>';
}

/// The byte of such a token, in either case, or nothing for any other.
[[nodiscard]] constexpr std::optional<std::uint8_t> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned byte = 0;
  for (const char c : token.substr(3, 2))
    if (c >= '0' && c <= '9')
      byte = byte * 16 + static_cast<unsigned>(c - '0');
    else if (c >= 'A' && c <= 'F')
      byte = byte * 16 + static_cast<unsigned>(c - 'A') + 10;
    else if (c >= 'a' && c <= 'f')
      byte = byte * 16 + static_cast<unsigned>(c - 'a') + 10;
    else
      return std::nullopt;
  return static_cast<std::uint8_t>(byte);
}

}  // namespace prefopt::inline v0_2::detail
