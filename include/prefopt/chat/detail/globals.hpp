// SPDX-License-Identifier: MIT
#pragma once
// The functions that every chat template can call, as transformers gives them.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/format_date.hpp"
#include "prefopt/chat/detail/lookup.hpp"
#include "prefopt/chat/detail/parameters.hpp"

namespace prefopt::inline v0_2::detail::jinja {

namespace globals {

inline value raise_exception(runtime& within, arguments given) {
  const parameters how("raise_exception", std::move(given), {"message"}, 1);
  throw failure{"TemplateError", within.to_text(how[0])};
}

inline value strftime_now(runtime& within, arguments given) {
  const parameters how("strftime_now", std::move(given), {"format"}, 1);
  return within.text(format_date(within, how.text(0)));
}

inline value range(runtime& within, arguments given) {
  const parameters how("range", std::move(given), {"", "", ""}, 1);
  constexpr std::int64_t most = 100000;
  auto made = std::make_shared<sequence>();
  made->kind = sequence_kind::range;
  made->start = how.has(1) ? how.integer(0, 0) : 0;
  made->stop = how.integer(how.has(1) ? 1 : 0, 0);
  made->step = how.integer(2, 1);
  if (made->step == 0) throw value_failure("range() arg 3 must not be zero");
  std::int64_t at = made->start;
  while (made->step > 0 ? at < made->stop : at > made->stop) {
    if (std::ssize(made->items) == most) {
      throw failure{"OverflowError", concat("Range too big. The sandbox blocks ranges larger than ",
                                            "MAX_RANGE (", most, ").")};
    }
    within.left.spend();
    made->items.emplace_back(at);
    if (__builtin_add_overflow(at, made->step, &at)) break;
  }
  return value(value::sequence_ptr(std::move(made)));
}

/// What dict(...) and namespace(...) hold: a mapping or pairs, then the named arguments.
[[nodiscard]] inline dictionary make_dictionary(runtime& within, arguments given) {
  dictionary made;
  if (given.positional.size() > 1)
    throw type_error("dict expected at most 1 argument, got ", given.positional.size());
  if (!given.positional.empty()) {
    const value& from = given.positional[0];
    if (from.dict() != nullptr) {
      within.left.spend(from.dict()->items.size());
      for (const auto& [key, mapped] : from.dict()->items) made.set(key, mapped);
    } else {
      for (const value& one : items_of(within, from)) {
        const std::vector<value> pair = items_of(within, one);
        if (pair.size() != 2)
          throw value_failure("dictionary update sequence element has length ", pair.size(),
                              "; 2 is required");
        made.set(pair[0], pair[1]);
      }
    }
  }
  for (auto& [name, what] : given.named) made.set(value(name), std::move(what));
  return made;
}

inline value make_dict(runtime& within, arguments given) {
  return value(std::make_shared<const dictionary>(make_dictionary(within, std::move(given))));
}

inline void check_member_name(const value& name) {
  if (name.text() != nullptr && name.text()->bytes.starts_with('_')) {
    throw failure{"SecurityError",
                  concat("Chat templates cannot store underscore-prefixed attributes on a ",
                         "namespace, but got ", quote(first_code_points(name.text()->bytes, 100)),
                         ". Please rename the attribute.")};
  }
}

inline value make_namespace(runtime& within, arguments given) {
  auto made = std::make_shared<namespace_object>();
  made->attributes = make_dictionary(within, std::move(given));
  for (const auto& [name, what] : made->attributes.items) check_member_name(name);
  within.namespaces.push_back(made);
  return value(value::object_ptr(std::move(made)));
}

inline value cycler(runtime&, arguments given) {
  if (!given.named.empty()) throw type_error("cycler() takes no keyword arguments");
  if (given.positional.empty()) throw runtime_failure("at least one item has to be provided");
  return value(value::object_ptr(std::make_shared<cycler_object>(std::move(given.positional))));
}

inline value joiner(runtime&, arguments given) {
  const parameters how("joiner", std::move(given), {"sep"});
  return value(value::object_ptr(std::make_shared<joiner_object>(how.get(0, value(", ")))));
}

}  // namespace globals

[[nodiscard]] inline std::optional<value> find_global(std::string_view name) {
  struct entry {
    std::string_view name;
    function_object::body body;
  };
  static constexpr entry table[] = {{"raise_exception", globals::raise_exception},
                                    {"strftime_now", globals::strftime_now},
                                    {"namespace", globals::make_namespace},
                                    {"range", globals::range},
                                    {"dict", globals::make_dict},
                                    {"joiner", globals::joiner},
                                    {"cycler", globals::cycler}};
  for (const entry& one : table)
    if (one.name == name)
      return value(value::object_ptr(std::make_shared<function_object>(one.body)));
  if (name == "lipsum") throw unsupported("lipsum");
  return std::nullopt;
}

}  // namespace prefopt::inline v0_2::detail::jinja
