// SPDX-License-Identifier: MIT
#pragma once
// The filters by name, and those that apply other filters and tests: map, select and so on.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/number_filters.hpp"
#include "prefopt/chat/detail/sequence_filters.hpp"
#include "prefopt/chat/detail/test_table.hpp"
#include "prefopt/chat/detail/text_filters.hpp"

namespace prefopt::inline v0_2::detail::jinja {

namespace filters {

/// The filter or test that a template names at run time.
[[nodiscard]] inline method named(const named_method* found, const char* kind,
                                  const std::string& name) {
  if (found == nullptr)
    throw runtime_failure("No ", kind, " named ", quote(first_code_points(name, 100)), ".");
  if (found->body == nullptr) throw unsupported("the ", kind, " ", name);
  return found->body;
}

[[nodiscard]] inline value take_first(arguments& given) {
  value first = std::move(given.positional.front());
  given.positional.erase(given.positional.begin());
  return first;
}

inline value map(runtime& within, const value& of, arguments given) {
  std::vector<value> results;
  const std::vector<value> all = items_of(within, of);
  if (given.positional.empty() && !given.named.empty()) {
    const parameters how("map", std::move(given), {"attribute", "default"}, 1);
    attribute_path path(how[0]);
    if (how.is_given(1)) path.otherwise = how[1];
    return make_generator(path.of_all(within, all));
  }
  if (given.positional.empty())
    throw failure{"FilterArgumentError", "map requires a filter argument"};
  const value name = take_first(given);
  if (name.text() == nullptr)
    throw runtime_failure("No filter named ", repr(name, within.left), ".");
  const method filter = named(find_filter(name.text()->bytes), "filter", name.text()->bytes);
  const deeper level(within.left);
  for (const value& one : all) results.push_back(filter(within, one, given));
  return make_generator(std::move(results));
}

/// select, reject, selectattr, rejectattr: the items (or those whose attribute) for which a test,
/// or without one their truth, is `Keep`.
template <bool Keep, bool ByAttribute>
value choose(runtime& within, const value& of, arguments given) {
  const std::vector<value> all = items_of(within, of);
  std::optional<attribute_path> path;
  if (ByAttribute) {
    if (given.positional.empty())
      throw failure{"FilterArgumentError", "Missing parameter for attribute name"};
    path.emplace(take_first(given));
  }
  method test = nullptr;
  if (!given.positional.empty()) {
    const value name = take_first(given);
    if (name.text() == nullptr)
      throw runtime_failure("No test named ", repr(name, within.left), ".");
    test = named(find_test(name.text()->bytes), "test", name.text()->bytes);
  }
  std::vector<value> kept;
  for (const value& one : all) {
    const value tested = path ? (*path)(within, one) : one;
    if ((test != nullptr ? is_true(test(within, tested, given)) : is_true(tested)) == Keep)
      kept.push_back(one);
  }
  return make_generator(std::move(kept));
}

}  // namespace filters

inline const named_method* find_filter(std::string_view name) {
  namespace f = filters;
  namespace m = text_methods;
  static constexpr named_method table[] = {{"abs", f::absolute},
                                           {"attr", f::attr},
                                           {"batch", f::batch},
                                           {"capitalize", f::as_method<m::change<capitalize>>},
                                           {"center", f::center},
                                           {"count", f::length},
                                           {"d", f::default_value},
                                           {"default", f::default_value},
                                           {"dictsort", f::dictsort},
                                           {"e", f::escape},
                                           {"escape", f::escape},
                                           {"filesizeformat", nullptr},
                                           {"first", f::first},
                                           {"float", f::to_float},
                                           {"forceescape", f::force_escape},
                                           {"format", f::format},
                                           {"groupby", f::groupby},
                                           {"indent", f::indent},
                                           {"int", f::to_int},
                                           {"items", f::items},
                                           {"join", f::join},
                                           {"last", f::last},
                                           {"length", f::length},
                                           {"list", f::list},
                                           {"lower", f::as_method<m::change<lower>>},
                                           {"map", f::map},
                                           {"max", f::extreme<true>},
                                           {"min", f::extreme<false>},
                                           {"pprint", nullptr},
                                           {"random", nullptr},
                                           {"reject", f::choose<false, false>},
                                           {"rejectattr", f::choose<false, true>},
                                           {"replace", f::replace},
                                           {"reverse", f::reverse},
                                           {"round", f::round},
                                           {"safe", f::safe},
                                           {"select", f::choose<true, false>},
                                           {"selectattr", f::choose<true, true>},
                                           {"slice", f::slice},
                                           {"sort", f::sort},
                                           {"string", f::string},
                                           {"striptags", nullptr},
                                           {"sum", f::sum},
                                           {"title", f::title},
                                           {"tojson", f::tojson},
                                           {"trim", f::trim},
                                           {"truncate", f::truncate},
                                           {"unique", f::unique},
                                           {"upper", f::as_method<m::change<upper>>},
                                           {"urlencode", nullptr},
                                           {"urlize", nullptr},
                                           {"wordcount", f::word_count},
                                           {"wordwrap", nullptr},
                                           {"xmlattr", nullptr}};
  return find_method(table, name);
}

}  // namespace prefopt::inline v0_2::detail::jinja
