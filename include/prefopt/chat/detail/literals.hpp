// SPDX-License-Identifier: MIT
#pragma once
// Literals in a template's expressions: texts with escapes, integers, floats.

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "prefopt/chat/detail/code_points.hpp"
#include "prefopt/chat/detail/token.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// `count` digits in a base of 8 or 16; nothing if there are fewer.
[[nodiscard]] inline std::optional<char32_t> read_digits(std::string_view text, std::size_t count,
                                                         int base) {
  std::uint32_t number = 0;
  if (text.size() < count) return std::nullopt;
  const char* const end = text.data() + count;
  const auto [at, failed] = std::from_chars(text.data(), end, number, base);
  if (at != end || failed != std::errc{}) return std::nullopt;
  return number;
}

/// The text of a literal, its escapes as in Python.
[[nodiscard]] inline std::string unescaped(std::string_view text, std::size_t line) {
  constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      result += text[at++];
      continue;
    }
    const char c = text[at + 1];
    at += 2;
    if (const auto known = letters.find(c); known != letters.npos) {
      result += meanings[known];
    } else if (c == '\n') {
      continue;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      const auto point = read_digits(text.substr(at), digits, 16);
      if (!point || *point > 0x10ffff)
        throw syntax_error(line, "truncated or illegal \\", c, " escape in a text");
      if (*point >= 0xd800 && *point < 0xe000)
        throw syntax_error(line, "a surrogate in a text is not supported");
      append_utf8(result, *point);
      at += digits;
    } else if (c >= '0' && c <= '7') {
      std::size_t digits = 1;
      while (digits < 3 && at - 1 + digits < text.size() && text[at - 1 + digits] >= '0' &&
             text[at - 1 + digits] <= '7')
        ++digits;
      append_utf8(result, *read_digits(text.substr(at - 1), digits, 8));
      at += digits - 1;
    } else if (c == 'N') {
      throw syntax_error(line, "\\N in a text is not supported");
    } else {
      result += '\\';
      result += c;
    }
  }
  return result;
}

struct number_literal {
  std::size_t bytes = 0;
  bool is_real = false;
  std::int64_t integer = 0;
  double real = 0;
};

/// The bytes of digits with single underscores between them.
template <class Predicate>
[[nodiscard]] std::size_t digits_with_underscores(std::string_view text, Predicate is_digit) {
  std::size_t count = 0;
  while (count < text.size()) {
    const bool joins =
        text[count] == '_' && count > 0 && count + 1 < text.size() && is_digit(text[count + 1]);
    if (!joins && !is_digit(text[count])) break;
    ++count;
  }
  return count;
}

[[nodiscard]] inline std::string without(std::string_view text, char what) {
  std::string result(text);
  std::erase(result, what);
  return result;
}

/// The bytes of a float's literal, or of the integer in front of it.
[[nodiscard]] inline std::size_t float_bytes(std::string_view text, std::size_t whole) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t end = whole;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]))
    end += 1 + digits_with_underscores(text.substr(end + 1), is_digit);
  if (end < text.size() && (text[end] | 0x20) == 'e') {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const std::size_t digits = digits_with_underscores(text.substr(exponent), is_digit);
    if (digits > 0) end = exponent + digits;
  }
  return end;
}

/// The number at the beginning of a text that begins with a digit.
[[nodiscard]] inline number_literal read_number_literal(std::string_view text, bool may_be_real,
                                                        std::size_t line) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  number_literal found;
  int base = 10;
  const char letter = text.size() > 2 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : ' ';
  if (letter == 'x' || letter == 'o' || letter == 'b')
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : 2;
  if (base != 10) {
    const auto is_in_base = [&](char c) {
      return base == 16 ? std::isxdigit(static_cast<unsigned char>(c)) != 0
                        : c >= '0' && c < '0' + base;
    };
    found.bytes = 2 + digits_with_underscores(text.substr(2), is_in_base);
    if (found.bytes == 2) base = 10;
  }
  if (base == 10) {
    found.bytes = digits_with_underscores(text, is_digit);
    const std::size_t longer = may_be_real ? float_bytes(text, found.bytes) : found.bytes;
    if (longer > found.bytes) {
      found.is_real = true;
      found.bytes = longer;
      const std::string digits = without(text.substr(0, longer), '_');
      const auto [at, failed] =
          std::from_chars(digits.data(), digits.data() + digits.size(), found.real);
      if (failed != std::errc{}) throw syntax_error(line, "a float beyond the range of a double");
      return found;
    }
    const bool is_zero = text[0] == '0';
    if (is_zero) found.bytes = digits_with_underscores(text, [](char c) { return c == '0'; });
  }
  const std::size_t skip = base == 10 ? 0 : 2;
  const std::string digits = without(text.substr(skip, found.bytes - skip), '_');
  const auto [at, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), found.integer, base);
  if (failed != std::errc{}) throw syntax_error(line, "an integer of more than 64 bits");
  return found;
}

}  // namespace prefopt::inline v0_2::detail::jinja
