// SPDX-License-Identifier: MIT
#pragma once
// Code points of valid UTF-8 text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail::jinja {

[[nodiscard]] inline bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

[[nodiscard]] inline bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

[[nodiscard]] inline std::size_t code_point_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

/// The bytes of the code point that begins at `at`.
[[nodiscard]] inline std::size_t bytes_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && is_continuation(text[end])) ++end;
  return end - at;
}

[[nodiscard]] inline std::string first_code_points(std::string_view text, std::int64_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += bytes_at(text, at);
  return std::string(text.substr(0, at));
}

[[nodiscard]] inline char32_t decode_one(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (bytes.size() == 1) return first;
  char32_t point = first & (0x7fu >> bytes.size());
  for (const char c : bytes.substr(1)) point = point << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return point;
}

[[nodiscard]] inline std::u32string decode(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t count = bytes_at(text, at);
    points += decode_one(text.substr(at, count));
    at += count;
  }
  return points;
}

inline void append_utf8(std::string& text, char32_t point) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

[[nodiscard]] inline std::string encode(std::u32string_view points) {
  std::string text;
  text.reserve(points.size());
  for (const char32_t point : points) append_utf8(text, point);
  return text;
}

/// Whether the bytes are UTF-8 as Unicode defines it: no surrogates, shortest forms only.
[[nodiscard]] inline bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t count = first < 0x80   ? 1
                              : first < 0xc2 ? 0
                              : first < 0xe0 ? 2
                              : first < 0xf0 ? 3
                              : first < 0xf5 ? 4
                                             : 0;
    if (count == 0 || count > text.size() - at) return false;
    for (std::size_t i = 1; i < count; ++i)
      if (!is_continuation(text[at + i])) return false;
    const char32_t point = decode_one(text.substr(at, count));
    const bool is_shortest = count < 3 || point >= (count == 3 ? 0x800u : 0x10000u);
    if (!is_shortest || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff) return false;
    at += count;
  }
  return true;
}

/// Python's str.isspace.
[[nodiscard]] inline bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

/// `text` without the code points at its beginning for which `is_cut` holds.
template <class Predicate>
[[nodiscard]] std::string_view cut_left(std::string_view text, Predicate is_cut) {
  while (!text.empty()) {
    const std::size_t count = bytes_at(text, 0);
    if (!is_cut(decode_one(text.substr(0, count)))) break;
    text.remove_prefix(count);
  }
  return text;
}

template <class Predicate>
[[nodiscard]] std::string_view cut_right(std::string_view text, Predicate is_cut) {
  while (!text.empty()) {
    std::size_t at = text.size() - 1;
    while (at > 0 && is_continuation(text[at])) --at;
    if (!is_cut(decode_one(text.substr(at)))) break;
    text = text.substr(0, at);
  }
  return text;
}

}  // namespace prefopt::inline v0_2::detail::jinja
