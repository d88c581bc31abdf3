// SPDX-License-Identifier: MIT
#pragma once
// The methods of dict, list and tuple that change nothing.

#include <cstddef>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/parameters.hpp"
#include "prefopt/chat/detail/runtime.hpp"

namespace prefopt::inline v0_2::detail::jinja::container_methods {

inline value get(runtime&, const value& self, arguments given) {
  const parameters how("get", std::move(given), {"", ""}, 1);
  const value* const found = self.dict()->find(how[0]);
  return found != nullptr ? *found : how.get(1, value());
}

template <sequence_kind Kind>
value view(runtime& within, const value& self, arguments given) {
  const parameters none("items", std::move(given), {});
  std::vector<value> items;
  within.left.spend(2 * self.dict()->items.size() + 1);
  for (const auto& [key, mapped] : self.dict()->items)
    if constexpr (Kind == sequence_kind::items)
      items.push_back(make_tuple({key, mapped}));
    else
      items.push_back(Kind == sequence_kind::keys ? key : mapped);
  return make_sequence(std::move(items), Kind);
}

/// A copy cannot be told from the original.
inline value copy(runtime&, const value& self, arguments given) {
  const parameters none("copy", std::move(given), {});
  return self;
}

inline value index(runtime& within, const value& self, arguments given) {
  const parameters how("index", std::move(given), {"", "", ""}, 1);
  const auto& items = self.list()->items;
  const auto size = std::ssize(items);
  const auto bound = [&](std::size_t at, std::int64_t otherwise) {
    const std::int64_t index = how.integer(at, otherwise);
    return std::clamp<std::int64_t>(index < 0 ? index + size : index, 0, size);
  };
  for (std::int64_t i = bound(1, 0); i < bound(2, size); ++i)
    if (is_equal(items[static_cast<std::size_t>(i)], how[0], within.left)) return i;
  if (self.list()->kind == sequence_kind::tuple)
    throw value_failure("tuple.index(x): x not in tuple");
  throw value_failure(repr(how[0], within.left), " is not in list");
}

inline value count(runtime& within, const value& self, arguments given) {
  const parameters how("count", std::move(given), {""}, 1);
  std::int64_t times = 0;
  for (const value& item : self.list()->items)
    if (is_equal(item, how[0], within.left)) ++times;
  return times;
}

}  // namespace prefopt::inline v0_2::detail::jinja::container_methods
