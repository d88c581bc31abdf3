// SPDX-License-Identifier: MIT
#pragma once
// Filters that make numbers, and the numbers that texts spell.

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "prefopt/chat/detail/characters.hpp"
#include "prefopt/chat/detail/operators.hpp"
#include "prefopt/chat/detail/parameters.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// The text without the underscores that Python allows between two digits; nothing if one is
/// elsewhere.
[[nodiscard]] inline std::optional<std::string> without_underscores(std::string_view text) {
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      result += text[i];
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1]))
      return std::nullopt;
  }
  return result;
}

/// Python's int(text, base); nothing if the text is no integer.
[[nodiscard]] inline std::optional<std::int64_t> parse_integer(std::string_view text,
                                                               std::int64_t base) {
  text = cut_right(cut_left(text, is_space), is_space);
  bool is_negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const auto has_prefix = [&](char letter) {
    return text.size() > 1 && text[0] == '0' && (text[1] | 0x20) == letter;
  };
  for (const auto& [letter, of] : {std::pair('x', 16), std::pair('o', 8), std::pair('b', 2)}) {
    if (has_prefix(letter) && (base == of || base == 0)) {
      base = of;
      text.remove_prefix(2);
      if (text.starts_with('_')) text.remove_prefix(1);
      break;
    }
  }
  if (base == 0) {
    if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("0_") != text.npos)
      return std::nullopt;
    base = 10;
  }
  const auto digits = without_underscores(text);
  if (base < 2 || base > 36 || !digits || digits->empty() || digits->front() == '-')
    return std::nullopt;
  std::int64_t number = 0;
  const std::string signed_digits = (is_negative ? "-" : "") + *digits;
  const char* const end = signed_digits.data() + signed_digits.size();
  const auto [at, failed] =
      std::from_chars(signed_digits.data(), end, number, static_cast<int>(base));
  if (at != end || failed == std::errc::invalid_argument) return std::nullopt;
  if (failed == std::errc::result_out_of_range) throw overflow();
  return number;
}

/// Python's float(text).
[[nodiscard]] inline std::optional<double> parse_float(std::string_view text) {
  text = cut_right(cut_left(text, is_space), is_space);
  auto digits = without_underscores(text);
  if (!digits || digits->empty()) return std::nullopt;
  const bool has_sign = digits->front() == '+' || digits->front() == '-';
  const bool is_negative = digits->front() == '-';
  const std::string rest = digits->substr(has_sign ? 1 : 0);
  if (rest.empty() || rest[0] == '-' || rest.find('(') != rest.npos) return std::nullopt;
  double number = 0;
  const char* const end = rest.data() + rest.size();
  const auto [at, failed] = std::from_chars(rest.data(), end, number);
  if (at != end || failed == std::errc::invalid_argument) return std::nullopt;
  if (failed == std::errc::result_out_of_range) {
    const std::size_t exponent = rest.find_first_of("eE");
    const bool is_tiny = exponent != rest.npos && rest.find('-', exponent) != rest.npos;
    number = is_tiny ? 0 : HUGE_VAL;
  }
  return is_negative ? -number : number;
}

/// A float as an int, towards zero.
[[nodiscard]] inline std::optional<std::int64_t> truncated(double number) {
  if (!std::isfinite(number)) return std::nullopt;
  if (std::abs(number) >= 9.2e18) throw overflow();
  return static_cast<std::int64_t>(number);
}

/// Python's round(number, precision): to the nearest decimal, exact halves to the even one.
[[nodiscard]] inline double rounded(double number, std::int64_t precision) {
  if (!std::isfinite(number) || precision > 330) return number;
  if (precision < -310) return std::copysign(0.0, number);
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(number / scale) * scale;
  }
  std::array<char, 700> buffer{};
  const char* const end = std::to_chars(buffer.begin(), buffer.end(), number,
                                        std::chars_format::fixed, static_cast<int>(precision))
                              .ptr;
  double result = number;
  std::from_chars(buffer.data(), end, result);
  return result;
}

namespace filters {

inline value to_int(runtime&, const value& of, arguments given) {
  const parameters how("int", std::move(given), {"default", "base"});
  const value otherwise = how.get(0, std::int64_t{0});
  check_defined(of);
  if (const auto whole = as_integer(of)) return *whole;
  std::optional<std::int64_t> number;
  if (const double* const real = of.real()) {
    number = truncated(*real);
  } else if (const text_data* const text = of.text()) {
    const auto base = how.has(1) ? as_integer(how[1]) : 10;
    if (base) number = parse_integer(text->bytes, *base);
    if (!number)
      if (const auto parsed = parse_float(text->bytes)) number = truncated(*parsed);
  }
  return number ? value(*number) : otherwise;
}

inline value to_float(runtime&, const value& of, arguments given) {
  const parameters how("float", std::move(given), {"default"});
  check_defined(of);
  if (const auto number = as_number(of)) return *number;
  const auto parsed = of.text() != nullptr ? parse_float(of.text()->bytes) : std::nullopt;
  return parsed ? value(*parsed) : how.get(0, 0.0);
}

inline value absolute(runtime&, const value& of, arguments given) {
  const parameters none("abs", std::move(given), {});
  if (const auto whole = as_integer(of)) return *whole < 0 ? negate(of) : value(*whole);
  if (const double* const number = of.real()) return std::abs(*number);
  throw type_error("bad operand type for abs(): '", type_name(of), "'");
}

inline value round(runtime&, const value& of, arguments given) {
  const parameters how("round", std::move(given), {"precision", "method"});
  const std::int64_t precision = how.integer(0, 0);
  const std::string kind = how.has(1) ? how.text(1) : "common";
  if (kind != "common" && kind != "ceil" && kind != "floor")
    throw failure{"FilterArgumentError", "method must be common, ceil or floor"};
  const auto number = as_number(of);
  if (!number) throw type_error("type ", type_name(of), " doesn't define __round__ method");
  if (kind == "common") {
    if (const auto whole = as_integer(of)) {
      if (precision >= 0) return *whole;
      return static_cast<std::int64_t>(rounded(*number, precision));
    }
    return rounded(*number, precision);
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  return (kind == "ceil" ? std::ceil(*number * scale) : std::floor(*number * scale)) / scale;
}

}  // namespace filters

}  // namespace prefopt::inline v0_2::detail::jinja
