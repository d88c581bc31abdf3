// SPDX-License-Identifier: MIT
#pragma once
// The methods of str: those that change a text, and those that ask about it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/characters.hpp"
#include "prefopt/chat/detail/parameters.hpp"
#include "prefopt/chat/detail/printf_format.hpp"
#include "prefopt/chat/detail/runtime.hpp"
#include "prefopt/chat/detail/text_search.hpp"

namespace prefopt::inline v0_2::detail::jinja::text_methods {

[[nodiscard]] inline const std::string& bytes_of(const value& self) { return self.text()->bytes; }

/// A new text of the same kind.
[[nodiscard]] inline value like(runtime& within, const value& self, std::string bytes) {
  return within.text(std::move(bytes), self.text()->markup);
}

template <std::string (*Change)(std::string_view)>
value change(runtime& within, const value& self, arguments given) {
  const parameters none("str method", std::move(given), {});
  within.left.spend_bytes(8 * bytes_of(self).size());
  return like(within, self, Change(bytes_of(self)));
}

template <bool (*Holds)(std::string_view)>
value ask(runtime& within, const value& self, arguments given) {
  const parameters none("str method", std::move(given), {});
  within.left.spend_bytes(bytes_of(self).size());
  return Holds(bytes_of(self));
}

/// Sides of a text.
enum side { left = 1, right = 2, both = 3 };

template <side Side>
value strip(runtime& within, const value& self, arguments given) {
  const parameters how("strip", std::move(given), {""});
  if (how.is_given(0) && how[0].text() == nullptr)
    throw type_error("strip arg must be None or str");
  const bool by_space = !how.is_given(0);
  const std::u32string cut = by_space ? std::u32string() : decode(how[0].text()->bytes);
  std::string_view text = bytes_of(self);
  const auto is_cut = [&](char32_t c) {
    if (by_space) return is_space(c);
    return cut.find(c) != cut.npos;
  };
  within.left.spend_bytes(text.size());
  within.left.spend(cut.size());
  if ((Side & left) != 0) text = cut_left(text, is_cut);
  if ((Side & right) != 0) text = cut_right(text, is_cut);
  return like(within, self, std::string(text));
}

template <bool FromRight>
value split(runtime& within, const value& self, arguments given) {
  const parameters how("split", std::move(given), {"sep", "maxsplit"});
  const std::int64_t most = how.integer(1, -1);
  const std::string& text = bytes_of(self);
  within.left.spend_bytes(text.size());
  std::vector<std::string_view> parts;
  if (!how.is_given(0)) {
    parts = FromRight ? split_space_from_right(text, most) : split_space(text, most);
  } else {
    if (how[0].text() == nullptr) throw type_error("must be str or None, not ", type_name(how[0]));
    const std::string& separator = how.text(0);
    if (separator.empty()) throw value_failure("empty separator");
    parts =
        FromRight ? split_at_from_right(text, separator, most) : split_at(text, separator, most);
  }
  std::vector<value> items;
  within.left.spend(parts.size() * 2);
  for (const std::string_view part : parts)
    items.emplace_back(std::string(part), self.text()->markup);
  return make_sequence(std::move(items));
}

inline value splitlines(runtime& within, const value& self, arguments given) {
  const parameters how("splitlines", std::move(given), {"keepends"});
  within.left.spend_bytes(bytes_of(self).size());
  std::vector<value> items;
  for (const std::string_view line : split_lines(bytes_of(self), how.truth(0, false)))
    items.emplace_back(std::string(line), self.text()->markup);
  return within.left.list(std::move(items));
}

template <bool FromRight>
value partition(runtime& within, const value& self, arguments given) {
  const parameters how("partition", std::move(given), {""}, 1);
  const std::string &text = bytes_of(self), &separator = how.text(0);
  if (separator.empty()) throw value_failure("empty separator");
  within.left.spend_bytes(text.size());
  const std::size_t at = FromRight ? text.rfind(separator) : text.find(separator);
  const auto part = [&](std::size_t begin, std::size_t count) {
    return like(within, self, text.substr(begin, count));
  };
  if (at == text.npos)
    return FromRight ? make_tuple({value(""), value(""), self})
                     : make_tuple({self, value(""), value("")});
  return make_tuple(
      {part(0, at), part(at, separator.size()), part(at + separator.size(), text.npos)});
}

/// The part of `self` that the arguments from `first` on select.
[[nodiscard]] inline std::optional<text_window> selected(const value& self, const parameters& how,
                                                         std::size_t first) {
  const std::int64_t start = how.is_given(first) ? how.integer(first, 0) : 0;
  const auto stop =
      how.is_given(first + 1) ? std::optional(how.integer(first + 1, 0)) : std::nullopt;
  return window(bytes_of(self), start, stop);
}

template <bool AtEnd>
value starts_or_ends(runtime& within, const value& self, arguments given) {
  constexpr std::string_view name = AtEnd ? "endswith" : "startswith";
  const parameters how(name, std::move(given), {"", "", ""}, 1);
  const auto part = selected(self, how, 1);
  within.left.spend_bytes(bytes_of(self).size());
  const auto fits = [&](const value& with) {
    if (with.text() == nullptr) {
      throw type_error(name,
                       how[0].list() != nullptr ? " for str must only contain str, not "
                                                : " first arg must be str or a tuple of str, not ",
                       type_name(with));
    }
    const std::string& text = with.text()->bytes;
    return part && (AtEnd ? part->part.ends_with(text) : part->part.starts_with(text));
  };
  const sequence* const several = how[0].list();
  if (several == nullptr) return fits(how[0]);
  if (several->kind != sequence_kind::tuple)
    throw type_error(name, " first arg must be str or a tuple of str, not ", type_name(how[0]));
  return std::ranges::any_of(several->items, fits);
}

/// Where a text begins in `self`, in code points; -1 if nowhere.
template <bool FromRight>
[[nodiscard]] std::int64_t position(runtime& within, const value& self, const parameters& how) {
  const std::string& part = how.text(0);
  const auto in = selected(self, how, 1);
  within.left.spend_bytes(bytes_of(self).size());
  if (!in) return -1;
  const std::size_t at = FromRight ? in->part.rfind(part) : in->part.find(part);
  if (at == in->part.npos) return -1;
  return static_cast<std::int64_t>(in->first_code_point + code_point_count(in->part.substr(0, at)));
}

template <bool FromRight>
value find(runtime& within, const value& self, arguments given) {
  const parameters how("find", std::move(given), {"", "", ""}, 1);
  return position<FromRight>(within, self, how);
}

template <bool FromRight>
value index(runtime& within, const value& self, arguments given) {
  const parameters how("index", std::move(given), {"", "", ""}, 1);
  const std::int64_t at = position<FromRight>(within, self, how);
  if (at < 0) throw value_failure("substring not found");
  return at;
}

inline value count(runtime& within, const value& self, arguments given) {
  const parameters how("count", std::move(given), {"", "", ""}, 1);
  const auto in = selected(self, how, 1);
  within.left.spend_bytes(bytes_of(self).size());
  return in ? count_of(in->part, how.text(0)) : std::int64_t{0};
}

/// The size of the result of `replaced`, at most.
[[nodiscard]] inline std::size_t replaced_bytes(std::string_view text, std::string_view from,
                                                std::string_view to, std::int64_t most) {
  auto times = static_cast<std::uint64_t>(count_of(text, from));
  if (most >= 0) times = std::min(times, static_cast<std::uint64_t>(most));
  return text.size() + times * to.size();
}

inline value replace(runtime& within, const value& self, arguments given) {
  const parameters how("replace", std::move(given), {"", "", ""}, 2);
  const std::int64_t most = how.integer(2, -1);
  within.left.spend_bytes(bytes_of(self).size());
  within.left.spend_bytes(replaced_bytes(bytes_of(self), how.text(0), how.text(1), most));
  return value(replaced(bytes_of(self), how.text(0), how.text(1), most), self.text()->markup);
}

template <side Side>
value remove_affix(runtime& within, const value& self, arguments given) {
  const parameters how("removeprefix", std::move(given), {""}, 1);
  std::string_view text = bytes_of(self);
  const std::string& affix = how.text(0);
  if (Side == left && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (Side == right && text.ends_with(affix)) text.remove_suffix(affix.size());
  return like(within, self, std::string(text));
}

inline value join(runtime& within, const value& self, arguments given) {
  const parameters how("join", std::move(given), {""}, 1);
  if (how[0].text() == nullptr && how[0].list() == nullptr && how[0].dict() == nullptr &&
      !how[0].is_undefined())
    throw type_error("can only join an iterable");
  std::string result;
  const std::vector<value> items = items_of(within, how[0]);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].text() == nullptr)
      throw type_error("sequence item ", i, ": expected str instance, ", type_name(items[i]),
                       " found");
    within.left.spend_bytes(bytes_of(self).size() + bytes_of(items[i]).size());
    if (i > 0) result += bytes_of(self);
    result += bytes_of(items[i]);
  }
  return like(within, self, std::move(result));
}

template <char Align>
value justify(runtime& within, const value& self, arguments given) {
  const parameters how("center", std::move(given), {"", ""}, 1);
  format_spec spec;
  spec.align = Align;
  spec.width = std::max<std::int64_t>(how.integer(0, 0), 0);
  if (how.has(1)) {
    const std::u32string fill = decode(how.text(1));
    if (fill.size() != 1) throw type_error("The fill character must be exactly one character long");
    spec.fill = fill[0];
  }
  if constexpr (Align == '^') {
    // Python puts the odd space to the left if the width is odd.
    const auto size = static_cast<std::int64_t>(code_point_count(bytes_of(self)));
    const std::int64_t room = spec.width - size;
    if (room > 0 && room % 2 != 0 && spec.width % 2 != 0) {
      format_spec first = spec;
      first.align = '>';
      first.width = size + room / 2 + 1;
      spec.align = '<';
      return like(within, self,
                  pad(within, pad(within, bytes_of(self), first, false), spec, false));
    }
  }
  return like(within, self, pad(within, bytes_of(self), spec, false));
}

inline value zfill(runtime& within, const value& self, arguments given) {
  const parameters how("zfill", std::move(given), {""}, 1);
  format_spec spec;
  spec.fill = '0';
  spec.align = bytes_of(self).starts_with(' ') ? '>' : '=';
  spec.width = std::max<std::int64_t>(how.integer(0, 0), 0);
  return like(within, self, pad(within, bytes_of(self), spec, true));
}

template <bool (*Holds)(char32_t)>
bool all(std::string_view text) {
  return is_all(text, Holds);
}

inline bool is_digit(char32_t c) { return is_in(digit_ranges, c); }
inline bool is_decimal(char32_t c) { return is_in(decimal_ranges, c); }
inline bool is_numeric(char32_t c) { return is_in(numeric_ranges, c); }
inline bool is_alphanumeric(char32_t c) { return is_letter(c) || is_numeric(c); }
inline bool is_printable_text(std::string_view text) {
  return text.empty() || is_all(text, is_printable);
}

}  // namespace prefopt::inline v0_2::detail::jinja::text_methods
