// SPDX-License-Identifier: MIT
#pragma once
// Values as texts: Python's str and repr.

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/chat/detail/budget.hpp"
#include "prefopt/chat/detail/characters.hpp"
#include "prefopt/chat/detail/objects.hpp"
#include "prefopt/chat/detail/value.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// Python's repr of a float: the shortest digits that read back the same, with an exponent below
/// 1e-4 and from 1e16 on.
[[nodiscard]] inline std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  const double size = std::abs(number);
  const bool plain = number == 0 || (size >= 1e-4 && size < 1e16);
  const auto form = plain ? std::chars_format::fixed : std::chars_format::scientific;
  char* const first = buffer.data();
  std::string text(first, std::to_chars(first, first + buffer.size(), number, form).ptr);
  if (plain && text.find('.') == text.npos) text += ".0";
  return text;
}

/// Python's repr of a str.
[[nodiscard]] inline std::string quote(std::string_view text) {
  constexpr const char* hex = "0123456789abcdef";
  const bool has_single = text.find('\'') != text.npos;
  const char mark = has_single && text.find('"') == text.npos ? '"' : '\'';
  std::string result(1, mark);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t count = bytes_at(text, at);
    const std::string_view bytes = text.substr(at, count);
    const char32_t point = decode_one(bytes);
    at += count;
    if (point == static_cast<char32_t>(mark) || point == '\\') {
      result += '\\';
      result += bytes;
    } else if (point == '\n' || point == '\r' || point == '\t') {
      result += point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t";
    } else if (is_printable(point)) {
      result += bytes;
    } else {
      const int digits = point < 0x100 ? 2 : point < 0x10000 ? 4 : 8;
      result += digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
      for (int i = digits - 1; i >= 0; --i) result += hex[point >> (4 * i) & 15];
    }
  }
  return result + mark;
}

void append_repr(std::string& text, const value& of, budget& left);

inline void append_items(std::string& text, const sequence& list, budget& left) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) text += ", ";
    append_repr(text, list.items[i], left);
  }
}

inline void append_pairs(std::string& text, const dictionary& dict, budget& left) {
  text += '{';
  for (std::size_t i = 0; i < dict.items.size(); ++i) {
    if (i > 0) text += ", ";
    append_repr(text, dict.items[i].first, left);
    text += ": ";
    append_repr(text, dict.items[i].second, left);
  }
  text += '}';
}

inline void append_sequence(std::string& text, const sequence& list, budget& left) {
  switch (list.kind) {
    case sequence_kind::list:
      text += '[';
      append_items(text, list, left);
      text += ']';
      return;
    case sequence_kind::tuple:
      text += '(';
      append_items(text, list, left);
      text += list.items.size() == 1 ? ",)" : ")";
      return;
    case sequence_kind::range:
      text += concat("range(", list.start, ", ", list.stop);
      text += list.step == 1 ? ")" : concat(", ", list.step, ")");
      return;
    case sequence_kind::generator:
      throw unsupported("a generator as a text (Python shows its address)");
    default:
      text += concat(type_name(value(std::make_shared<const sequence>(list))), "([");
      append_items(text, list, left);
      text += "])";
  }
}

/// Python's repr.
inline void append_repr(std::string& text, const value& of, budget& left) {
  const deeper level(left);
  left.spend();
  const std::size_t before = text.size();
  if (of.is_none())
    text += "None";
  else if (of.is_undefined())
    text += "Undefined";
  else if (const bool* const truth = of.boolean())
    text += *truth ? "True" : "False";
  else if (const std::int64_t* const whole = of.integer())
    text += std::to_string(*whole);
  else if (const double* const number = of.real())
    text += float_text(*number);
  else if (const text_data* const bytes = of.text())
    text += bytes->markup ? concat("Markup(", quote(bytes->bytes), ")") : quote(bytes->bytes);
  else if (const sequence* const list = of.list())
    return append_sequence(text, *list, left);
  else if (const dictionary* const dict = of.dict())
    return append_pairs(text, *dict, left);
  else if (auto* const names = dynamic_cast<namespace_object*>(of.other())) {
    text += "<Namespace ";
    append_pairs(text, names->attributes, left);
    text += '>';
    return;
  } else
    text += of.other()->text();
  left.spend_bytes(text.size() - before);
}

[[nodiscard]] inline std::string repr(const value& of, budget& left) {
  std::string text;
  append_repr(text, of, left);
  return text;
}

/// Python's str.
[[nodiscard]] inline std::string to_text(const value& of, budget& left) {
  if (const text_data* const text = of.text()) {
    left.spend_bytes(text->bytes.size());
    return text->bytes;
  }
  return of.is_undefined() ? std::string() : repr(of, left);
}

}  // namespace prefopt::inline v0_2::detail::jinja
