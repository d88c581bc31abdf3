// SPDX-License-Identifier: MIT
#pragma once
// Which methods the values have, and those that Python has and a template cannot use.

#include <algorithm>
#include <iterator>
#include <string_view>

#include "prefopt/chat/detail/brace_format.hpp"
#include "prefopt/chat/detail/container_methods.hpp"
#include "prefopt/chat/detail/text_methods.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// A function under its name. Without one: Python has it, this evaluator does not.
struct named_method {
  std::string_view name;
  method body;
};

template <std::size_t Count>
[[nodiscard]] const named_method* find_method(const named_method (&table)[Count],
                                              std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &named_method::name);
  return found == std::end(table) ? nullptr : found;
}

[[nodiscard]] inline const named_method* find_text_method(std::string_view name) {
  namespace m = text_methods;
  static constexpr named_method table[] = {
      {"capitalize", m::change<capitalize>},
      {"casefold", nullptr},
      {"center", m::justify<'^'>},
      {"count", m::count},
      {"encode", nullptr},
      {"endswith", m::starts_or_ends<true>},
      {"expandtabs", nullptr},
      {"find", m::find<false>},
      {"format", text_methods_format},
      {"format_map", nullptr},
      {"index", m::index<false>},
      {"isalnum", m::ask<m::all<m::is_alphanumeric>>},
      {"isalpha", m::ask<m::all<is_letter>>},
      {"isascii", m::ask<is_ascii>},
      {"isdecimal", m::ask<m::all<m::is_decimal>>},
      {"isdigit", m::ask<m::all<m::is_digit>>},
      {"isidentifier", nullptr},
      {"islower", m::ask<is_lower>},
      {"isnumeric", m::ask<m::all<m::is_numeric>>},
      {"isprintable", m::ask<m::is_printable_text>},
      {"isspace", m::ask<m::all<is_space>>},
      {"istitle", nullptr},
      {"isupper", m::ask<is_upper>},
      {"join", m::join},
      {"ljust", m::justify<'<'>},
      {"lower", m::change<lower>},
      {"lstrip", m::strip<m::left>},
      {"maketrans", nullptr},
      {"partition", m::partition<false>},
      {"removeprefix", m::remove_affix<m::left>},
      {"removesuffix", m::remove_affix<m::right>},
      {"replace", m::replace},
      {"rfind", m::find<true>},
      {"rindex", m::index<true>},
      {"rjust", m::justify<'>'>},
      {"rpartition", m::partition<true>},
      {"rsplit", m::split<true>},
      {"rstrip", m::strip<m::right>},
      {"split", m::split<false>},
      {"splitlines", m::splitlines},
      {"startswith", m::starts_or_ends<false>},
      {"strip", m::strip<m::both>},
      {"swapcase", m::change<swap_case>},
      {"title", m::change<title>},
      {"translate", nullptr},
      {"upper", m::change<upper>},
      {"zfill", m::zfill},
  };
  return find_method(table, name);
}

[[nodiscard]] inline const named_method* find_container_method(const value& of,
                                                               std::string_view name) {
  namespace m = container_methods;
  static constexpr named_method of_dict[] = {
      {"copy", m::copy},
      {"fromkeys", nullptr},
      {"get", m::get},
      {"items", m::view<sequence_kind::items>},
      {"keys", m::view<sequence_kind::keys>},
      {"values", m::view<sequence_kind::values>},
  };
  static constexpr named_method of_list[] = {
      {"copy", m::copy}, {"count", m::count}, {"index", m::index}};
  static constexpr named_method of_tuple[] = {{"count", m::count}, {"index", m::index}};
  if (of.dict() != nullptr) return find_method(of_dict, name);
  if (of.list() == nullptr) return nullptr;
  if (of.list()->kind == sequence_kind::list) return find_method(of_list, name);
  const bool counts =
      of.list()->kind == sequence_kind::tuple || of.list()->kind == sequence_kind::range;
  return counts ? find_method(of_tuple, name) : nullptr;
}

/// Whether a method would change its value, which the sandbox forbids.
[[nodiscard]] inline bool is_mutator(const value& of, std::string_view name) {
  static constexpr std::string_view of_dict[] = {"clear", "pop", "popitem", "setdefault", "update"};
  static constexpr std::string_view of_list[] = {"append", "clear",  "extend",  "insert",
                                                 "pop",    "remove", "reverse", "sort"};
  if (of.dict() != nullptr) return std::ranges::find(of_dict, name) != std::end(of_dict);
  return of.list() != nullptr && of.list()->kind == sequence_kind::list &&
         std::ranges::find(of_list, name) != std::end(of_list);
}

}  // namespace prefopt::inline v0_2::detail::jinja
