// SPDX-License-Identifier: MIT
#pragma once
// UTF-8 that may be broken: where a sequence ends, and how to make any bytes displayable.
// Well-formed is defined by table 3-7 of the Unicode Standard: no overlong forms, no surrogates,
// nothing above U+10FFFF.

#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// One step through a text.
struct utf8_step {
  std::size_t length;  ///< bytes, at least 1
  bool valid;          ///< false: bytes of an incomplete sequence, or that begin none
};

/// The sequence that begins at `text[at]`, at < text.size(). For a broken one, the longest prefix
/// that a well-formed sequence could have (the Unicode Standard's maximal subpart), so that each
/// gives one U+FFFD.
[[nodiscard]] constexpr utf8_step utf8_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i == text.size()) return {i, false};
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if (byte < least || byte > most) return {i, false};
    least = 0x80;
    most = 0xBF;
  }
  return {length, true};
}

/// The code point of the well-formed sequence `text` (1 to 4 bytes).
[[nodiscard]] constexpr char32_t utf8_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (text.size() == 1) return lead;
  char32_t code_point = lead & (0x7Fu >> text.size());
  for (const char c : text.substr(1))
    code_point = code_point << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return code_point;
}

/// Calls `visit(std::string_view stretch, bool valid)` for the longest runs of bytes that are all
/// well-formed or all broken, in order.
template <class Visitor>
constexpr void for_each_utf8_stretch(std::string_view text, Visitor&& visit) {
  for (std::size_t begin = 0; begin < text.size();) {
    auto [length, valid] = utf8_at(text, begin);
    for (std::size_t at = begin + length; at < text.size(); at = begin + length) {
      const utf8_step step = utf8_at(text, at);
      if (step.valid != valid) break;
      length += step.length;
    }
    visit(text.substr(begin, length), valid);
    begin += length;
  }
}

/// `text` with U+FFFD for each broken sequence: always valid UTF-8.
[[nodiscard]] inline std::string replace_broken_utf8(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [length, valid] = utf8_at(text, at);
    shown += valid ? text.substr(at, length) : std::string_view("\xEF\xBF\xBD");
    at += length;
  }
  return shown;
}

}  // namespace prefopt::inline v0_2
