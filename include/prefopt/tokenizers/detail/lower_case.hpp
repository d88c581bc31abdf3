// SPDX-License-Identifier: MIT
#pragma once
// to_lower_case: lower-case letters as the tokenizers library has them (Unicode 17), character by
// character.

#include <cstddef>
#include <string>
#include <string_view>

#include <utf8proc.h>

#include "prefopt/tokenizers/normal_form.hpp"
#include "prefopt/tokenizers/utf8.hpp"

namespace prefopt::inline v0_2::detail {

/// The lower-case letter of `c`; the cases that older tables of utf8proc lack come first.
[[nodiscard]] inline char32_t lower_case_of(char32_t c) {
  if (c >= 0x10D50 && c <= 0x10D65) return c + 0x20;
  if (c >= 0x16EA0 && c <= 0x16EB8) return c + 0x1B;
  switch (c) {
    case 0xA7CB:
      return 0x264;
    case 0xA7DC:
      return 0x19B;
    case 0x1C89:
    case 0xA7CC:
    case 0xA7CE:
    case 0xA7D2:
    case 0xA7D4:
    case 0xA7DA:
      return c + 1;
    default:
      return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
  }
}

[[nodiscard]] inline std::string to_lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_at(text, at).length;
    const char32_t c = utf8_code_point(text.substr(at, length));
    if (c < 0x80)
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : static_cast<char>(c);
    else if (c == 0x130)
      out += "i\u0307";  // the only letter that becomes two
    else
      append_utf8(lower_case_of(c), out);
    at += length;
  }
  return out;
}

}  // namespace prefopt::inline v0_2::detail
