// SPDX-License-Identifier: MIT
#pragma once
// attribute_path, sort_key: the `attribute` argument of filters, and sorting by it.

#include <algorithm>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/access.hpp"
#include "prefopt/chat/detail/compare.hpp"
#include "prefopt/chat/detail/runtime.hpp"
#include "prefopt/chat/detail/text_search.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// "a.b.0" or a number: items of items.
struct attribute_path {
  explicit attribute_path(const value& path) {
    if (path.text() == nullptr) {
      steps.push_back(path);
      return;
    }
    for (const std::string_view part : split_at(path.text()->bytes, ".", -1)) {
      std::size_t at = 0;
      const bool is_number = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
      std::int64_t number = 0;
      for (; is_number && at < part.size() && number < (1 << 30); ++at)
        number = 10 * number + (part[at] - '0');
      steps.push_back(is_number ? value(number) : value(std::string(part)));
    }
  }

  [[nodiscard]] value operator()(runtime& within, value of) const {
    for (const value& step : steps) {
      of = get_item(within, of, step);
      if (otherwise && of.is_undefined()) of = *otherwise;
    }
    return of;
  }

  [[nodiscard]] std::vector<value> of_all(runtime& within, const std::vector<value>& all) const {
    std::vector<value> result;
    for (const value& one : all) result.push_back((*this)(within, one));
    return result;
  }

  std::vector<value> steps;
  std::optional<value> otherwise;
};

/// What sorting compares: an item or an attribute of it, texts in lower case unless case matters.
/// With `several`, the attribute may be a list of paths with commas.
struct sort_key {
  sort_key(const value& attribute, bool case_sensitive, bool several = false)
      : case_matters(case_sensitive) {
    if (attribute.is_none()) return;
    if (!several)
      path = attribute_path(attribute);
    else if (attribute.text() == nullptr)
      paths.emplace_back(attribute);
    else
      for (const std::string_view part : split_at(attribute.text()->bytes, ",", -1))
        paths.emplace_back(value(std::string(part)));
  }

  [[nodiscard]] value operator()(runtime& within, const value& of) const {
    if (paths.empty()) return folded(within, path ? (*path)(within, of) : of);
    std::vector<value> keys;
    for (const attribute_path& one : paths) keys.push_back(folded(within, one(within, of)));
    return make_sequence(std::move(keys));
  }

  [[nodiscard]] value folded(runtime& within, value of) const {
    if (case_matters || of.text() == nullptr) return of;
    within.left.spend_bytes(4 * of.text()->bytes.size());
    return value(lower(of.text()->bytes));
  }

  std::optional<attribute_path> path;
  std::vector<attribute_path> paths;
  bool case_matters;
};

/// Sorted stably; in reverse, equal items keep their order too.
[[nodiscard]] inline std::vector<value> sorted(runtime& within, const std::vector<value>& all,
                                               const sort_key& key, bool reverse) {
  std::vector<std::pair<value, std::size_t>> keys;
  for (std::size_t i = 0; i < all.size(); ++i) keys.emplace_back(key(within, all[i]), i);
  std::ranges::stable_sort(keys, [&](const auto& a, const auto& b) {
    const auto& [less, greater] = reverse ? std::tie(b, a) : std::tie(a, b);
    return std::is_lt(order(less.first, greater.first, "<", within.left));
  });
  std::vector<value> result;
  for (const auto& [one, index] : keys) result.push_back(all[index]);
  return result;
}

}  // namespace prefopt::inline v0_2::detail::jinja
