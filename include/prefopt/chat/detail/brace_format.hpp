// SPDX-License-Identifier: MIT
#pragma once
// str.format: {} and {0} and {name}, with attributes and items, and the usual format specs.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "prefopt/chat/detail/access.hpp"
#include "prefopt/chat/detail/printf_format.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// The spec behind a colon: [[fill]align][sign][0][width][grouping][.precision][type].
[[nodiscard]] inline format_spec read_format_spec(std::string_view text) {
  format_spec spec;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  std::size_t at = 0;
  const std::size_t first = text.empty() ? 0 : bytes_at(text, 0);
  if (first < text.size() && is_align(text[first])) {
    spec.fill = decode_one(text.substr(0, first));
    spec.align = text[first];
    at = first + 1;
  } else if (!text.empty() && is_align(text[0])) {
    spec.align = text[at++];
  }
  const auto is_next = [&](std::string_view choices) {
    return at < text.size() && choices.find(text[at]) != choices.npos;
  };
  if (is_next("+- ")) spec.sign = text[at++];
  if (is_next("0") && spec.align == 0) {
    spec.fill = '0';
    spec.align = '=';
  }
  spec.width = read_number(text, at);
  if (is_next(",_")) spec.grouping = text[at++];
  if (is_next(".")) {
    const std::size_t digits = ++at;
    spec.precision = read_number(text, at);
    if (at == digits) throw value_failure("Format specifier missing precision");
  }
  if (is_next("sdixXobeEfFgG%n") && at + 1 == text.size()) spec.type = text[at++];
  if (at != text.size() || spec.type == 'n' || spec.type == 'i')
    throw value_failure("Invalid format specifier '", text, "'");
  return spec;
}

[[nodiscard]] inline std::string brace_field(runtime& within, const value& what,
                                             std::string_view text) {
  if (text.empty()) return within.to_text(what);
  const format_spec spec = read_format_spec(text);
  const bool is_text = what.text() != nullptr;
  if (is_text || (what.boolean() != nullptr && spec.type == 's')) {
    if (spec.type != 0 && spec.type != 's')
      throw value_failure("Unknown format code '", spec.type, "' for object of type 'str'");
    std::string shown = within.to_text(what);
    if (spec.precision >= 0) shown = first_code_points(shown, spec.precision);
    return pad(within, std::move(shown), spec, false);
  }
  if (!as_number(what))
    throw type_error("unsupported format string passed to ", type_name(what), ".__format__");
  const bool is_whole = std::string_view("dxXob").find(spec.type) != std::string_view::npos;
  if (spec.type == 's' || (is_whole && spec.type != 0 && !as_integer(what)))
    throw value_failure("Unknown format code '", spec.type, "' for object of type '",
                        type_name(what), "'");
  if (what.boolean() != nullptr && spec.type == 0)
    return pad(within, std::to_string(*as_integer(what)), spec, true);
  return formatted_number(within, what, spec);
}

/// Replacement fields of one call.
class brace_formatter {
 public:
  brace_formatter(runtime& within, const arguments& given) : within_(within), given_(given) {}

  [[nodiscard]] std::string operator()(std::string_view format, int depth = 0) {
    std::string result;
    for (std::size_t at = 0; at < format.size();) {
      const char c = format[at++];
      const bool is_double = at < format.size() && format[at] == c;
      if ((c == '{' || c == '}') && is_double) {
        result += c;
        ++at;
      } else if (c == '}') {
        throw value_failure("Single '}' encountered in format string");
      } else if (c == '{') {
        const std::size_t end = field_end(format, at);
        result += field(format.substr(at, end - at), depth);
        at = end + 1;
      } else {
        result += c;
      }
    }
    within_.left.spend_bytes(result.size());
    return result;
  }

 private:
  [[nodiscard]] static std::size_t field_end(std::string_view format, std::size_t at) {
    for (int open = 1; at < format.size(); ++at) {
      if (format[at] == '{') ++open;
      if (format[at] == '}' && --open == 0) return at;
    }
    throw value_failure("expected '}' before end of string");
  }

  [[nodiscard]] std::string field(std::string_view text, int depth) {
    if (depth > 1) throw value_failure("Max string recursion exceeded");
    const std::size_t colon = std::min(text.find(':'), text.size());
    std::string_view name = text.substr(0, colon);
    const std::string spec =
        colon < text.size() ? (*this)(text.substr(colon + 1), depth + 1) : std::string();
    const std::size_t mark = name.find('!');
    const std::string_view conversion = mark == name.npos ? "" : name.substr(mark + 1);
    name = name.substr(0, mark);
    value what = member(name);
    if (conversion == "r")
      what = value(repr(what, within_.left));
    else if (conversion == "s")
      what = value(within_.to_text(what));
    else if (mark != std::string_view::npos && mark < text.size() && !conversion.empty())
      throw value_failure("Unknown conversion specifier '", conversion, "'");
    return brace_field(within_, what, spec);
  }

  /// `0.name[key]` of the arguments.
  [[nodiscard]] value member(std::string_view path) {
    std::size_t at = std::min(path.find_first_of(".["), path.size());
    value what = argument(path.substr(0, at));
    while (at < path.size()) {
      const bool is_item = path[at] == '[';
      const std::size_t end =
          std::min(path.find_first_of(is_item ? "]" : ".[", at + 1), path.size());
      const std::string_view key = path.substr(at + 1, end - at - 1);
      const bool is_number = !key.empty() && key.find_first_not_of("0123456789") == key.npos;
      std::size_t digit = 0;
      if (is_item)
        what = get_item(within_, what,
                        is_number ? value(read_number(key, digit)) : value(std::string(key)));
      else
        what = get_attribute(within_, what, key);
      at = end + (is_item ? 1 : 0);
    }
    return what;
  }

  [[nodiscard]] const value& argument(std::string_view name) {
    std::size_t index = next_;
    if (name.empty()) {
      ++next_;
    } else if (name.find_first_not_of("0123456789") == name.npos) {
      std::size_t digit = 0;
      index = static_cast<std::size_t>(read_number(name, digit));
    } else {
      for (const auto& [key, what] : given_.named)
        if (key == name) return what;
      throw failure{"KeyError", quote(name)};
    }
    if (index >= given_.positional.size()) {
      throw failure{"IndexError",
                    concat("Replacement index ", index, " out of range for positional args tuple")};
    }
    return given_.positional[index];
  }

  runtime& within_;
  const arguments& given_;
  std::size_t next_ = 0;
};

inline value text_methods_format(runtime& within, const value& self, arguments given) {
  return within.text(brace_formatter(within, given)(self.text()->bytes), self.text()->markup);
}

}  // namespace prefopt::inline v0_2::detail::jinja
