// SPDX-License-Identifier: MIT
#pragma once
// Formatting as Python's `%` operator and str.format do it.

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "prefopt/chat/detail/code_points.hpp"
#include "prefopt/chat/detail/runtime.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// The part between % and its letter, or after the colon of {}.
struct format_spec {
  char32_t fill = ' ';
  char align = 0;  // one of < > ^ =, 0 for the type's own
  char sign = '-';
  bool alternate = false;
  std::int64_t width = 0;
  std::int64_t precision = -1;
  char grouping = 0;  // a comma or an underscore
  char type = 0;
};

/// Digits at `at`, which moves behind them.
[[nodiscard]] inline std::int64_t read_number(std::string_view text, std::size_t& at) {
  std::int64_t number = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
    number = std::min<std::int64_t>(10 * number + (text[at] - '0'), 1 << 28);
  return number;
}

/// A number's digits, with its sign, padded.
[[nodiscard]] inline std::string pad(runtime& within, std::string text, const format_spec& spec,
                                     bool is_number) {
  const std::size_t size = code_point_count(text);
  const auto width = static_cast<std::size_t>(spec.width);
  if (size >= width) return text;
  std::string fill;
  append_utf8(fill, spec.fill);
  within.left.spend_bytes(fill.size() * (width - size));
  const auto times = [&](std::size_t count) {
    std::string run;
    for (std::size_t i = 0; i < count; ++i) run += fill;
    return run;
  };
  const char align = spec.align != 0 ? spec.align : is_number ? '>' : '<';
  const std::size_t room = width - size;
  if (align == '<') return text + times(room);
  if (align == '^') return times(room / 2) + text + times(room - room / 2);
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
  if (align == '=' && has_sign) return text.substr(0, 1) + times(room) + text.substr(1);
  return times(room) + text;
}

[[nodiscard]] inline std::string with_sign(std::string digits, bool is_negative, char sign) {
  if (is_negative) return '-' + digits;
  return sign == '-' ? digits : sign + digits;
}

[[nodiscard]] inline std::string grouped(const std::string& digits, char separator) {
  if (separator == 0) return digits;
  const std::size_t end = std::min(digits.find_first_not_of("0123456789"), digits.size());
  std::string result;
  for (std::size_t i = 0; i < end; ++i) {
    if (i > 0 && (end - i) % 3 == 0) result += separator;
    result += digits[i];
  }
  return result + digits.substr(end);
}

[[nodiscard]] inline std::string integer_digits(std::int64_t number, const format_spec& spec) {
  const std::uint64_t size =
      number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  const int base = spec.type == 'x' || spec.type == 'X' ? 16
                   : spec.type == 'o'                   ? 8
                   : spec.type == 'b'                   ? 2
                                                        : 10;
  std::array<char, 72> buffer{};
  std::string digits(buffer.data(), std::to_chars(buffer.begin(), buffer.end(), size, base).ptr);
  if (spec.type == 'X')
    for (char& c : digits)
      if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return grouped(digits, spec.grouping);
}

[[nodiscard]] inline std::string float_digits(runtime& within, double number,
                                              const format_spec& spec) {
  const char type = spec.type == '%' ? 'f' : spec.type;
  if (spec.type == '%') number *= 100;
  const double size = std::abs(number);
  if (!std::isfinite(size)) return std::isnan(size) ? "nan" : "inf";
  const int precision =
      spec.precision < 0 ? 6 : static_cast<int>(std::min<std::int64_t>(spec.precision, 1 << 20));
  within.left.spend_bytes(static_cast<std::size_t>(precision) + 400);
  std::string digits(static_cast<std::size_t>(precision) + 400, '\0');
  const auto form = type == 'f' || type == 'F'   ? std::chars_format::fixed
                    : type == 'e' || type == 'E' ? std::chars_format::scientific
                                                 : std::chars_format::general;
  const int used = form == std::chars_format::general && precision == 0 ? 1 : precision;
  digits.resize(static_cast<std::size_t>(
      std::to_chars(digits.data(), digits.data() + digits.size(), size, form, used).ptr -
      digits.data()));
  if (type == 'E' || type == 'G')
    for (char& c : digits)
      if (c == 'e') c = 'E';
  return grouped(digits, spec.grouping) + (spec.type == '%' ? "%" : "");
}

/// A number by its spec, for both forms.
[[nodiscard]] inline std::string formatted_number(runtime& within, const value& number,
                                                  const format_spec& spec) {
  if (const auto whole = as_integer(number);
      whole &&
      (spec.type == 0 || std::string_view("dixXob").find(spec.type) != std::string_view::npos))
    return pad(within, with_sign(integer_digits(*whole, spec), *whole < 0, spec.sign), spec, true);
  const double real = *as_number(number);
  std::string digits;
  if (spec.type == 0 && spec.precision < 0)
    digits = grouped(float_text(std::abs(real)), spec.grouping);
  else if (spec.type == 0)
    throw unsupported("a float's precision without a type");
  else
    digits = float_digits(within, real, spec);
  return pad(within, with_sign(digits, std::signbit(real), spec.sign), spec, true);
}

[[nodiscard]] inline std::string percent_field(runtime& within, const value& what,
                                               format_spec spec) {
  const char type = spec.type;
  if (type == 's' || type == 'r') {
    std::string text = type == 's' ? within.to_text(what) : repr(what, within.left);
    if (spec.precision >= 0) text = first_code_points(text, spec.precision);
    spec.fill = ' ';
    return pad(within, std::move(text), spec, spec.align == 0);
  }
  if (type == 'c') {
    if (what.text() != nullptr && code_point_count(what.text()->bytes) == 1)
      return pad(within, what.text()->bytes, spec, spec.align == 0);
    throw type_error("%c requires int or char");
  }
  const bool is_whole = std::string_view("dixXo").find(type) != std::string_view::npos;
  if (!is_whole && std::string_view("eEfFgG").find(type) == std::string_view::npos)
    throw value_failure("unsupported format character '", type, "'");
  check_defined(what);
  if (!as_number(what)) {
    if (!is_whole) throw type_error("must be real number, not ", type_name(what));
    throw type_error("%", type, " format: a real number is required, not ", type_name(what));
  }
  if (!is_whole || as_integer(what)) return formatted_number(within, what, spec);
  const double real = *what.real();
  if (type == 'x' || type == 'X' || type == 'o' || !(std::abs(real) < 9e18))
    throw type_error("%", type, " format: an integer is required, not float");
  return formatted_number(within, value(static_cast<std::int64_t>(real)), spec);
}

/// Reads `%(name)-05.2f` from behind its name; `star` gives the value for a `*`.
template <class Star>
[[nodiscard]] format_spec read_percent(std::string_view format, std::size_t& at, Star star) {
  format_spec spec;
  for (; at < format.size(); ++at) {
    const char c = format[at];
    if (c == '-')
      spec.align = '<';
    else if (c == '+')
      spec.sign = '+';
    else if (c == ' ')
      spec.sign = spec.sign == '+' ? '+' : ' ';
    else if (c == '0')
      spec.fill = '0';
    else if (c == '#')
      spec.alternate = true;
    else
      break;
  }
  if (spec.fill == '0') spec.align = spec.align == '<' ? '<' : '=';
  if (spec.align == '<') spec.fill = ' ';
  const auto number = [&] {
    if (at >= format.size() || format[at] != '*') return read_number(format, at);
    ++at;
    return static_cast<std::int64_t>(star());
  };
  spec.width = number();
  if (spec.width < 0) {
    spec.align = '<';
    spec.fill = ' ';
    spec.width = -spec.width;
  }
  if (at < format.size() && format[at] == '.') {
    ++at;
    spec.precision = std::max<std::int64_t>(number(), 0);
  }
  while (at < format.size() && (format[at] == 'l' || format[at] == 'h' || format[at] == 'L')) ++at;
  if (at >= format.size()) throw value_failure("incomplete format");
  spec.type = format[at++];
  if (spec.alternate) throw unsupported("# in a format");
  return spec;
}

/// format % what: a tuple's items, a dictionary's members by name, or one value.
[[nodiscard]] inline std::string printf_format(runtime& within, std::string_view format,
                                               const value& what) {
  const sequence* const tuple =
      what.list() != nullptr && what.list()->kind == sequence_kind::tuple ? what.list() : nullptr;
  const std::size_t count = tuple != nullptr ? tuple->items.size() : 1;
  std::size_t used = 0;
  const auto next = [&]() -> const value& {
    if (used >= count) throw type_error("not enough arguments for format string");
    return tuple != nullptr ? tuple->items[used++] : (++used, what);
  };
  const auto star = [&] {
    const auto number = as_integer(next());
    if (!number) throw type_error("* needs an int");
    return std::clamp<std::int64_t>(*number, -(1 << 28), 1 << 28);
  };
  std::string result;
  bool by_name = false;
  for (std::size_t at = 0; at < format.size();) {
    const std::size_t percent = std::min(format.find('%', at), format.size());
    result += format.substr(at, percent - at);
    if (percent == format.size()) break;
    at = percent + 1;
    const value* named = nullptr;
    if (at < format.size() && format[at] == '(') {
      const std::size_t end = format.find(')', at);
      if (end == format.npos) throw value_failure("incomplete format key");
      if (what.dict() == nullptr) throw type_error("format requires a mapping");
      const std::string name(format.substr(at + 1, end - at - 1));
      named = what.dict()->find_text(name);
      if (named == nullptr) throw failure{"KeyError", quote(name)};
      by_name = true;
      at = end + 1;
    }
    const format_spec spec = read_percent(format, at, star);
    if (spec.type == '%')
      result += '%';
    else
      result += percent_field(within, named != nullptr ? *named : next(), spec);
    within.left.spend();
  }
  within.left.spend_bytes(result.size());
  const sequence* const list = what.list();
  const bool has_items =
      list != nullptr && (list->kind == sequence_kind::list || list->kind == sequence_kind::range);
  const bool may_be_unused = by_name || what.dict() != nullptr || has_items;
  if (used < count && !may_be_unused)
    throw type_error("not all arguments converted during string formatting");
  return result;
}

}  // namespace prefopt::inline v0_2::detail::jinja
