// SPDX-License-Identifier: MIT
#pragma once
// Filters that make texts.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/json_output.hpp"
#include "prefopt/chat/detail/operators.hpp"
#include "prefopt/chat/detail/parameters.hpp"
#include "prefopt/chat/detail/text_methods.hpp"

namespace prefopt::inline v0_2::detail::jinja::filters {

/// A value as a text; one that was declared safe stays so.
[[nodiscard]] inline value soft_text(runtime& within, const value& of) {
  return of.text() != nullptr ? of : within.text(within.to_text(of));
}

/// A filter that is a method of str.
template <method Method>
value as_method(runtime& within, const value& of, arguments given) {
  return Method(within, soft_text(within, of), std::move(given));
}

inline value string(runtime& within, const value& of, arguments given) {
  const parameters none("string", std::move(given), {});
  return soft_text(within, of);
}

inline value safe(runtime& within, const value& of, arguments given) {
  const parameters none("safe", std::move(given), {});
  return within.text(within.to_text(of), true);
}

inline value escape(runtime& within, const value& of, arguments given) {
  const parameters none("escape", std::move(given), {});
  if (of.text() != nullptr && of.text()->markup) return of;
  const std::string text = within.to_text(of);
  within.left.spend_bytes(6 * text.size());
  return value(escaped(text), true);
}

inline value force_escape(runtime& within, const value& of, arguments given) {
  const parameters none("forceescape", std::move(given), {});
  const std::string text = within.to_text(of);
  within.left.spend_bytes(6 * text.size());
  return value(escaped(text), true);
}

/// Jinja's title, unlike str.title: words begin behind white space, hyphens and brackets.
inline value title(runtime& within, const value& of, arguments given) {
  const parameters none("title", std::move(given), {});
  const std::string text = within.to_text(of);
  within.left.spend_bytes(8 * text.size());
  std::string result;
  std::size_t begin = 0;
  const auto add_word = [&](std::size_t end) {
    if (begin == end) return;
    const std::size_t first = bytes_at(text, begin);
    result += upper(std::string_view(text).substr(begin, first));
    result += lower(std::string_view(text).substr(begin + first, end - begin - first));
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t count = bytes_at(text, at);
    const auto bytes = std::string_view(text).substr(at, count);
    if (is_space(decode_one(bytes)) ||
        std::string_view("-({[<").find(bytes[0]) != std::string_view::npos) {
      add_word(at);
      result += bytes;
      begin = at + count;
    }
    at += count;
  }
  add_word(text.size());
  return value(std::move(result));
}

inline value trim(runtime& within, const value& of, arguments given) {
  const parameters how("trim", std::move(given), {"chars"});
  arguments cut;
  if (how.has(0)) cut.positional.push_back(how[0]);
  return text_methods::strip<text_methods::both>(within, soft_text(within, of), std::move(cut));
}

inline value replace(runtime& within, const value& of, arguments given) {
  const parameters how("replace", std::move(given), {"old", "new", "count"}, 2);
  arguments texts;
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}})
    texts.positional.push_back(within.text(within.to_text(how[i])));
  texts.positional.push_back(how.is_given(2) ? how[2] : value(std::int64_t{-1}));
  return text_methods::replace(within, within.text(within.to_text(of)), std::move(texts));
}

inline value format(runtime& within, const value& of, arguments given) {
  if (!given.positional.empty() && !given.named.empty())
    throw failure{"FilterArgumentError",
                  "can't handle positional and keyword arguments at the same time"};
  if (given.named.empty())
    return modulo(within, soft_text(within, of), make_tuple(std::move(given.positional)));
  auto named = std::make_shared<dictionary>();
  for (auto& [name, what] : given.named) named->set(value(name), std::move(what));
  return modulo(within, soft_text(within, of), value(value::dictionary_ptr(std::move(named))));
}

inline value indent(runtime& within, const value& of, arguments given) {
  const parameters how("indent", std::move(given), {"width", "first", "blank"});
  value width = how.get(0, std::int64_t{4});
  const std::string margin = width.text() != nullptr
                                 ? width.text()->bytes
                                 : repeat(within, value(" "), how.integer(0, 4)).text()->bytes;
  if (of.text() == nullptr && !is_plain(of.list())) throw no_operator("+=", of, value(""));
  if (of.text() == nullptr)
    throw failure{"AttributeError",
                  concat("'", type_name(of), "' object has no attribute 'splitlines'")};
  const std::string text = of.text()->bytes + '\n';
  const auto lines = split_lines(text);
  within.left.spend_bytes(text.size());
  std::string result;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool has_margin = i == 0 ? how.truth(1, false) : how.truth(2, false) || !lines[i].empty();
    if (has_margin) within.left.spend_bytes(margin.size());
    if (i > 0) result += '\n';
    if (has_margin) result += margin;
    result += lines[i];
  }
  return within.text(std::move(result));
}

inline value center(runtime& within, const value& of, arguments given) {
  const parameters how("center", std::move(given), {"width"});
  return text_methods::justify<'^'>(within, soft_text(within, of),
                                    {{value(how.integer(0, 80))}, {}});
}

inline value truncate(runtime& within, const value& of, arguments given) {
  const parameters how("truncate", std::move(given), {"length", "killwords", "end", "leeway"});
  const std::int64_t length = how.integer(0, 255), leeway = how.is_given(3) ? how.integer(3, 5) : 5;
  const std::string end = how.has(2) ? how.text(2) : "...";
  const auto size = static_cast<std::int64_t>(length_of(of));
  const auto end_size = static_cast<std::int64_t>(code_point_count(end));
  if (length < end_size)
    throw failure{"AssertionError", concat("expected length >= ", end_size, ", got ", length)};
  if (leeway < 0) throw failure{"AssertionError", concat("expected leeway >= 0, got ", leeway)};
  if (size <= length + leeway) return of;
  if (of.text() == nullptr) throw unsupported("truncating anything but a text");
  std::string part = first_code_points(of.text()->bytes, length - end_size);
  if (!how.truth(1, false))
    if (const std::size_t space = part.rfind(' '); space != part.npos) part.resize(space);
  return within.text(part + end);
}

inline value word_count(runtime& within, const value& of, arguments given) {
  const parameters none("wordcount", std::move(given), {});
  const std::string text = within.to_text(of);
  std::int64_t count = 0;
  bool in_word = false;
  for (const char32_t c : decode(text)) {
    const bool is_word = c == '_' || text_methods::is_alphanumeric(c);
    if (is_word && !in_word) ++count;
    in_word = is_word;
  }
  return count;
}

/// transformers' tojson: json.dumps, without HTML's escapes.
inline value tojson(runtime& within, const value& of, arguments given) {
  const parameters how("tojson", std::move(given),
                       {"ensure_ascii", "indent", "separators", "sort_keys"});
  json_style style;
  style.ascii = how.truth(0, false);
  style.sort_keys = how.truth(3, false);
  if (how.is_given(1)) {
    style.item_separator = ",";
    if (how[1].text() != nullptr)
      style.indent = how[1].text()->bytes;
    else
      style.indent = repeat(within, value(" "), how.integer(1, 0)).text()->bytes;
  }
  if (how.is_given(2)) {
    const std::vector<value> both = items_of(within, how[2]);
    if (both.size() != 2)
      throw value_failure(both.size() > 2 ? "too many values to unpack (expected 2)"
                                          : "not enough values to unpack (expected 2, got ",
                          both.size() > 2 ? std::string() : concat(both.size(), ")"));
    if (both[0].text() == nullptr || both[1].text() == nullptr)
      throw type_error("separators must be texts");
    style.item_separator = both[0].text()->bytes;
    style.key_separator = both[1].text()->bytes;
  }
  return within.text(json_writer(within, style)(of));
}

}  // namespace prefopt::inline v0_2::detail::jinja::filters
