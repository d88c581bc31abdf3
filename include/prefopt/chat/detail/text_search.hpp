// SPDX-License-Identifier: MIT
#pragma once
// Searching, splitting and stripping of texts, as Python's str does it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prefopt/chat/detail/code_points.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// Whether str.splitlines ends a line at a code point.
[[nodiscard]] inline bool is_line_end(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

[[nodiscard]] inline std::vector<std::string_view> split_lines(std::string_view text,
                                                               bool keep_ends = false) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t count = bytes_at(text, at);
    if (is_line_end(decode_one(text.substr(at, count)))) {
      if (text.substr(at, 2) == "\r\n") count = 2;
      lines.push_back(text.substr(begin, at - begin + (keep_ends ? count : 0)));
      begin = at + count;
    }
    at += count;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

/// The words between white space; after `most` cuts the rest is one.
[[nodiscard]] inline std::vector<std::string_view> split_space(std::string_view text,
                                                               std::int64_t most) {
  std::vector<std::string_view> words;
  for (text = cut_left(text, is_space); !text.empty(); text = cut_left(text, is_space)) {
    if (most >= 0 && std::ssize(words) == most) {
      words.push_back(text);
      break;
    }
    const auto rest = cut_left(text, [](char32_t c) { return !is_space(c); });
    words.push_back(text.substr(0, text.size() - rest.size()));
    text = rest;
  }
  return words;
}

[[nodiscard]] inline std::vector<std::string_view> split_space_from_right(std::string_view text,
                                                                          std::int64_t most) {
  std::vector<std::string_view> words;
  for (text = cut_right(text, is_space); !text.empty(); text = cut_right(text, is_space)) {
    if (most >= 0 && std::ssize(words) == most) {
      words.push_back(text);
      break;
    }
    const auto rest = cut_right(text, [](char32_t c) { return !is_space(c); });
    words.push_back(text.substr(rest.size()));
    text = rest;
  }
  std::ranges::reverse(words);
  return words;
}

[[nodiscard]] inline std::vector<std::string_view> split_at(std::string_view text,
                                                            std::string_view separator,
                                                            std::int64_t most) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end =
        most >= 0 && std::ssize(parts) == most ? text.npos : text.find(separator, begin);
    parts.push_back(text.substr(begin, end == text.npos ? end : end - begin));
    if (end == text.npos) return parts;
    begin = end + separator.size();
  }
}

[[nodiscard]] inline std::vector<std::string_view> split_at_from_right(std::string_view text,
                                                                       std::string_view separator,
                                                                       std::int64_t most) {
  std::vector<std::string_view> parts;
  while (most < 0 || std::ssize(parts) < most) {
    const std::size_t at = text.rfind(separator);
    if (at == text.npos) break;
    parts.push_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  parts.push_back(text);
  std::ranges::reverse(parts);
  return parts;
}

/// Replaces up to `most` occurrences (all, if negative). An empty text is found before each code
/// point and at the end.
[[nodiscard]] inline std::string replaced(std::string_view text, std::string_view from,
                                          std::string_view to, std::int64_t most) {
  std::string result;
  std::size_t at = 0;
  for (; most != 0; --most) {
    if (from.empty()) {
      result += to;
      if (at >= text.size()) return result;
      const std::size_t count = bytes_at(text, at);
      result += text.substr(at, count);
      at += count;
      continue;
    }
    const std::size_t found = text.find(from, at);
    if (found == text.npos) break;
    result += text.substr(at, found - at);
    result += to;
    at = found + from.size();
  }
  return result += text.substr(std::min(at, text.size()));
}

/// Where the texts overlap is counted once.
[[nodiscard]] inline std::int64_t count_of(std::string_view text, std::string_view part) {
  if (part.empty()) return static_cast<std::int64_t>(code_point_count(text)) + 1;
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

/// The part of a text between two code points, as in a slice, and the byte where it begins; none if
/// it begins behind the text.
struct text_window {
  std::string_view part;
  std::size_t first_code_point = 0;
};

[[nodiscard]] inline std::optional<text_window> window(std::string_view text, std::int64_t start,
                                                       std::optional<std::int64_t> stop) {
  const auto size = static_cast<std::int64_t>(code_point_count(text));
  const auto clamped = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  if (start > size) return std::nullopt;
  const std::int64_t first = clamped(start), last = stop ? clamped(*stop) : size;
  if (first > last) return std::nullopt;
  std::size_t begin = 0, point = 0;
  for (; point < static_cast<std::size_t>(first); ++point) begin += bytes_at(text, begin);
  std::size_t end = begin;
  for (; point < static_cast<std::size_t>(last); ++point) end += bytes_at(text, end);
  return text_window{text.substr(begin, end - begin), static_cast<std::size_t>(first)};
}

}  // namespace prefopt::inline v0_2::detail::jinja
