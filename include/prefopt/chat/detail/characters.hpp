// SPDX-License-Identifier: MIT
#pragma once
// Classes and cases of characters and texts, as Python's str has them.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "prefopt/chat/detail/character_cases.hpp"
#include "prefopt/chat/detail/character_ranges.hpp"
#include "prefopt/chat/detail/code_points.hpp"

namespace prefopt::inline v0_2::detail::jinja {

template <class Range, std::size_t Count>
[[nodiscard]] bool is_in(const Range (&ranges)[Count], char32_t point) {
  const auto* const after = std::ranges::upper_bound(ranges, point, {}, &Range::first);
  return after != std::begin(ranges) && point <= std::prev(after)->last;
}

[[nodiscard]] inline bool is_letter(char32_t point) { return is_in(letter_ranges, point); }
[[nodiscard]] inline bool is_printable(char32_t point) { return !is_in(not_printable, point); }

/// Appends a code point in another case.
template <std::size_t Runs, std::size_t Expansions>
void append_cased(std::u32string& text, char32_t point, const case_run (&runs)[Runs],
                  const case_expansion (&expansions)[Expansions]) {
  const auto* const several =
      std::ranges::lower_bound(expansions, point, {}, &case_expansion::from);
  if (several != std::end(expansions) && several->from == point) {
    for (const char32_t part : several->to)
      if (part != 0) text += part;
    return;
  }
  const auto* after = std::ranges::upper_bound(runs, point, {}, &case_run::first);
  if (after != std::begin(runs)) {
    const case_run& run = *std::prev(after);
    if (point <= run.last && (point - run.first) % static_cast<char32_t>(run.step) == 0)
      point = static_cast<char32_t>(static_cast<int>(point) + run.difference);
  }
  text += point;
}

inline void append_upper(std::u32string& text, char32_t point) {
  append_cased(text, point, upper_runs, upper_expansions);
}
inline void append_title(std::u32string& text, char32_t point) {
  append_cased(text, point, title_runs, title_expansions);
}

/// The Greek sigma has another form at the end of a word.
inline void append_lower(std::u32string& to, std::u32string_view text, std::size_t at) {
  constexpr char32_t capital_sigma = 0x3a3, final_sigma = 0x3c2;
  const bool follows_letter = at > 0 && is_in(cased_ranges, text[at - 1]);
  const bool precedes_letter = at + 1 < text.size() && is_in(cased_ranges, text[at + 1]);
  if (text[at] == capital_sigma && follows_letter && !precedes_letter)
    to += final_sigma;
  else
    append_cased(to, text[at], lower_runs, lower_expansions);
}

[[nodiscard]] inline std::string upper(std::string_view text) {
  std::u32string changed;
  for (const char32_t point : decode(text)) append_upper(changed, point);
  return encode(changed);
}

[[nodiscard]] inline std::string lower(std::string_view text) {
  const std::u32string points = decode(text);
  std::u32string changed;
  for (std::size_t i = 0; i < points.size(); ++i) append_lower(changed, points, i);
  return encode(changed);
}

[[nodiscard]] inline std::string capitalize(std::string_view text) {
  const std::u32string points = decode(text);
  std::u32string changed;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (i == 0)
      append_title(changed, points[i]);
    else
      append_lower(changed, points, i);
  return encode(changed);
}

/// Python's str.title: a capital after everything that has no case.
[[nodiscard]] inline std::string title(std::string_view text) {
  const std::u32string points = decode(text);
  std::u32string changed;
  bool in_word = false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (in_word)
      append_lower(changed, points, i);
    else
      append_title(changed, points[i]);
    in_word = is_in(cased_ranges, points[i]);
  }
  return encode(changed);
}

[[nodiscard]] inline std::string swap_case(std::string_view text) {
  const std::u32string points = decode(text);
  std::u32string changed;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (is_in(upper_case, points[i]))
      append_lower(changed, points, i);
    else if (is_in(lower_case, points[i]))
      append_upper(changed, points[i]);
    else
      changed += points[i];
  return encode(changed);
}

/// Whether a text has letters with case, all of them in `these` and none in `others`.
template <std::size_t These, std::size_t Others>
[[nodiscard]] bool has_case(std::string_view text, const case_range (&these)[These],
                            const case_range (&others)[Others]) {
  bool some = false;
  for (const char32_t point : decode(text)) {
    if (is_in(others, point)) return false;
    if (is_in(these, point))
      some = true;
    else if (is_in(cased_ranges, point))
      return false;  // title case
  }
  return some;
}

[[nodiscard]] inline bool is_lower(std::string_view text) {
  return has_case(text, lower_case, upper_case);
}
[[nodiscard]] inline bool is_upper(std::string_view text) {
  return has_case(text, upper_case, lower_case);
}

/// Whether a text is not empty and `holds` for all its code points.
template <class Predicate>
[[nodiscard]] bool is_all(std::string_view text, Predicate holds) {
  return !text.empty() && std::ranges::all_of(decode(text), holds);
}

}  // namespace prefopt::inline v0_2::detail::jinja
