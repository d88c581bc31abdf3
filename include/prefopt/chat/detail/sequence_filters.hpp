// SPDX-License-Identifier: MIT
#pragma once
// Filters over the items of a value.

#include <algorithm>
#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/access.hpp"
#include "prefopt/chat/detail/attribute_path.hpp"
#include "prefopt/chat/detail/operators.hpp"
#include "prefopt/chat/detail/parameters.hpp"
#include "prefopt/chat/detail/text_methods.hpp"

namespace prefopt::inline v0_2::detail::jinja::filters {

inline value default_value(runtime&, const value& of, arguments given) {
  const parameters how("default", std::move(given), {"default_value", "boolean"});
  const bool is_missing = of.is_undefined() || (how.truth(1, false) && !is_true(of));
  return is_missing ? how.get(0, value("")) : of;
}

inline value length(runtime& within, const value& of, arguments given) {
  const parameters none("length", std::move(given), {});
  if (of.text() != nullptr) within.left.spend_bytes(of.text()->bytes.size());
  return static_cast<std::int64_t>(length_of(of));
}

inline value list(runtime& within, const value& of, arguments given) {
  const parameters none("list", std::move(given), {});
  return make_sequence(items_of(within, of));
}

inline value items(runtime& within, const value& of, arguments given) {
  const parameters none("items", std::move(given), {});
  if (of.is_undefined()) return make_generator({});
  if (of.dict() == nullptr) throw type_error("Can only get item pairs from a mapping.");
  std::vector<value> pairs;
  within.left.spend(2 * of.dict()->items.size());
  for (const auto& [key, mapped] : of.dict()->items) pairs.push_back(make_tuple({key, mapped}));
  return make_generator(std::move(pairs));
}

inline value first(runtime& within, const value& of, arguments given) {
  const parameters none("first", std::move(given), {});
  const sequence* const one_by_one = of.list();
  if (one_by_one != nullptr && one_by_one->used < one_by_one->items.size()) {
    const value& item = one_by_one->items[one_by_one->used];
    if (one_by_one->kind == sequence_kind::generator) ++one_by_one->used;
    return item;
  }
  const std::vector<value> all = items_of(within, of);
  return all.empty() ? make_undefined("No first item, sequence was empty.") : all.front();
}

inline value last(runtime& within, const value& of, arguments given) {
  const parameters none("last", std::move(given), {});
  if (of.list() != nullptr && of.list()->kind == sequence_kind::generator)
    throw type_error("'generator' object is not reversible");
  if (of.list() == nullptr && of.dict() == nullptr && of.text() == nullptr && !of.is_undefined())
    throw type_error("'", type_name(of), "' object is not reversible");
  const std::vector<value> all = items_of(within, of);
  return all.empty() ? make_undefined("No last item, sequence was empty.") : all.back();
}

inline value join(runtime& within, const value& of, arguments given) {
  const parameters how("join", std::move(given), {"d", "attribute"});
  const std::string separator = how.has(0) ? within.to_text(how[0]) : "";
  std::vector<value> all = items_of(within, of);
  if (how.is_given(1)) all = attribute_path(how[1]).of_all(within, all);
  std::string result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) result += separator;
    result += within.to_text(all[i]);
    within.left.spend_bytes(separator.size());
    if (result.size() > within.left.limits().output_bytes) within.left.spend_bytes(result.size());
  }
  return within.text(std::move(result));
}

inline value reverse(runtime& within, const value& of, arguments given) {
  const parameters none("reverse", std::move(given), {});
  if (of.text() != nullptr)
    return get_slice(within, of, {value(), value(), value(std::int64_t{-1})});
  const bool is_generator = of.list() != nullptr && of.list()->kind == sequence_kind::generator;
  if (of.list() == nullptr && of.dict() == nullptr && !of.is_undefined())
    throw failure{"FilterArgumentError", "argument must be iterable"};
  std::vector<value> all = items_of(within, of);
  std::ranges::reverse(all);
  return is_generator ? make_sequence(std::move(all)) : make_generator(std::move(all));
}

template <bool Most>
value extreme(runtime& within, const value& of, arguments given) {
  const parameters how(Most ? "max" : "min", std::move(given), {"case_sensitive", "attribute"});
  const std::vector<value> all = items_of(within, of);
  if (all.empty()) return make_undefined("No aggregated item, sequence was empty.");
  const sort_key key(how.get(1, value()), how.truth(0, false));
  std::size_t best = 0;
  value best_key = key(within, all[0]);
  for (std::size_t i = 1; i < all.size(); ++i) {
    value one = key(within, all[i]);
    const auto compared = order(one, best_key, Most ? ">" : "<", within.left);
    if (Most ? !std::is_gt(compared) : !std::is_lt(compared)) continue;
    best = i;
    best_key = std::move(one);
  }
  return all[best];
}

inline value sum(runtime& within, const value& of, arguments given) {
  const parameters how("sum", std::move(given), {"attribute", "start"});
  std::vector<value> all = items_of(within, of);
  if (how.is_given(0)) all = attribute_path(how[0]).of_all(within, all);
  value total = how.get(1, std::int64_t{0});
  if (total.text() != nullptr)
    throw type_error("sum() can't sum strings [use ''.join(seq) instead]");
  for (const value& one : all) total = add(within, total, one);
  return total;
}

inline value sort(runtime& within, const value& of, arguments given) {
  const parameters how("sort", std::move(given), {"reverse", "case_sensitive", "attribute"});
  return make_sequence(sorted(within, items_of(within, of),
                              sort_key(how.get(2, value()), how.truth(1, false), true),
                              how.truth(0, false)));
}

inline value unique(runtime& within, const value& of, arguments given) {
  const parameters how("unique", std::move(given), {"case_sensitive", "attribute"});
  const sort_key key(how.get(1, value()), how.truth(0, false));
  std::set<std::string> seen;
  std::vector<value> kept;
  for (const value& one : items_of(within, of)) {
    std::string hashed = hash_key(key(within, one));
    within.left.spend_bytes(hashed.size());
    if (seen.insert(std::move(hashed)).second) kept.push_back(one);
  }
  return make_generator(std::move(kept));
}

inline value dictsort(runtime& within, const value& of, arguments given) {
  const parameters how("dictsort", std::move(given), {"case_sensitive", "by", "reverse"});
  const std::string by = how.has(1) ? how.text(1) : "key";
  if (by != "key" && by != "value")
    throw failure{"FilterArgumentError", "You can only sort by either \"key\" or \"value\""};
  check_defined(of);
  if (of.dict() == nullptr)
    throw failure{"AttributeError",
                  concat("'", type_name(of), "' object has no attribute 'items'")};
  const value pairs = items(within, of, {});
  const value position(std::int64_t{by == "key" ? 0 : 1});
  return make_sequence(sorted(within, pairs.list()->items, sort_key(position, how.truth(0, false)),
                              how.truth(2, false)));
}

inline value groupby(runtime& within, const value& of, arguments given) {
  const parameters how("groupby", std::move(given), {"attribute", "default", "case_sensitive"}, 1);
  attribute_path path(how[0]);
  if (how.is_given(1)) path.otherwise = how[1];
  sort_key key(value(), how.truth(2, false));
  key.path = path;
  std::vector<value> groups, members;
  value current;
  const auto close = [&] {
    if (members.empty()) return;
    auto group = std::make_shared<sequence>(
        *make_tuple({path(within, members[0]), make_sequence(members)}).list());
    group->is_group = true;
    groups.push_back(value(value::sequence_ptr(std::move(group))));
    members.clear();
  };
  for (const value& one : sorted(within, items_of(within, of), key, false)) {
    value now = key(within, one);
    if (!members.empty() && !is_equal(now, current, within.left)) close();
    current = std::move(now);
    members.push_back(one);
  }
  close();
  return make_sequence(std::move(groups));
}

[[nodiscard]] inline std::size_t positive(std::int64_t count) {
  if (count == 0) throw zero_division("integer division or modulo by zero");
  if (count < 0) throw unsupported("a negative number of items");
  return static_cast<std::size_t>(count);
}

inline value batch(runtime& within, const value& of, arguments given) {
  const parameters how("batch", std::move(given), {"linecount", "fill_with"}, 1);
  const std::size_t size = positive(how.integer(0, 1));
  std::vector<value> batches, open;
  for (const value& one : items_of(within, of)) {
    open.push_back(one);
    if (open.size() == size) batches.push_back(make_sequence(std::exchange(open, {})));
  }
  if (!open.empty()) {
    if (how.is_given(1)) {
      within.left.spend(size - open.size());
      open.resize(size, how[1]);
    }
    batches.push_back(make_sequence(std::move(open)));
  }
  return make_generator(std::move(batches));
}

inline value slice(runtime& within, const value& of, arguments given) {
  const parameters how("slice", std::move(given), {"slices", "fill_with"}, 1);
  const std::vector<value> all = items_of(within, of);
  const std::size_t slices = positive(how.integer(0, 1));
  within.left.spend(slices);
  std::vector<value> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    const bool has_extra = i < all.size() % slices;
    const std::size_t end = begin + all.size() / slices + (has_extra ? 1 : 0);
    std::vector<value> part(all.begin() + static_cast<std::ptrdiff_t>(begin),
                            all.begin() + static_cast<std::ptrdiff_t>(end));
    if (how.is_given(1) && !has_extra) part.push_back(how[1]);
    parts.push_back(make_sequence(std::move(part)));
    begin = end;
  }
  return make_generator(std::move(parts));
}

inline value attr(runtime&, const value& of, arguments given) {
  const parameters how("attr", std::move(given), {"name"}, 1);
  check_defined(of);
  auto* const names = dynamic_cast<namespace_object*>(of.other());
  const value* const found = names != nullptr ? names->attributes.find(how[0]) : nullptr;
  if (found != nullptr) return *found;
  if (of.dict() == nullptr) throw unsupported("the filter attr of ", type_name(of));
  return make_undefined(concat("'dict object' has no attribute ", quote(how.text(0))));
}

}  // namespace prefopt::inline v0_2::detail::jinja::filters
