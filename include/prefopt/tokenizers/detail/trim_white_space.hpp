// SPDX-License-Identifier: MIT
#pragma once
// White space at the ends of a text, by the property White_Space.

#include <cstddef>
#include <string_view>

#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2::detail {

[[nodiscard]] constexpr bool is_white_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

/// Where the character that ends at `end` > 0 begins; a broken byte counts as one.
[[nodiscard]] constexpr std::size_t previous_character(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80)
    --begin;
  const utf8_step step = utf8_at(text, begin);
  return step.valid && begin + step.length == end ? begin : end - 1;
}

/// The end of `text` without the white space that closes it.
[[nodiscard]] constexpr std::size_t end_without_white_space(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    const std::size_t begin = previous_character(text, end);
    const utf8_step step = utf8_at(text, begin);
    if (!step.valid || !is_white_space(utf8_code_point(text.substr(begin, end - begin)))) break;
    end = begin;
  }
  return end;
}

/// The length of the white space that opens `text`.
[[nodiscard]] constexpr std::size_t begin_without_white_space(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const utf8_step step = utf8_at(text, begin);
    if (!step.valid || !is_white_space(utf8_code_point(text.substr(begin, step.length)))) break;
    begin += step.length;
  }
  return begin;
}

}  // namespace prefopt::inline v0_2::detail
