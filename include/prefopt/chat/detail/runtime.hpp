// SPDX-License-Identifier: MIT
#pragma once
// runtime: what functions of a template need beside their arguments; iteration and calls.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/calendar_date.hpp"
#include "prefopt/chat/detail/budget.hpp"
#include "prefopt/chat/detail/code_points.hpp"
#include "prefopt/chat/detail/objects.hpp"
#include "prefopt/chat/detail/python_text.hpp"
#include "prefopt/chat/detail/value.hpp"

namespace prefopt::inline v0_2::detail::jinja {

struct runtime {
  runtime(const chat_limits& limits, calendar_date today) : left(limits), date(today) {}
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  /// Namespaces can refer to each other, so they are emptied before they are destroyed.
  ~runtime() {
    for (const auto& one : namespaces) {
      one->attributes.items.clear();
      one->attributes.index.clear();
    }
  }

  [[nodiscard]] value text(std::string bytes, bool markup = false) {
    return left.text(std::move(bytes), markup);
  }
  [[nodiscard]] std::string to_text(const value& of) { return jinja::to_text(of, left); }

  budget left;
  calendar_date date;
  std::vector<std::shared_ptr<namespace_object>> namespaces;
};

/// A filter or a method, called with what it applies to; a test, whose value is a bool.
using method = method_object::body;

/// Throws the failure of using an undefined value.
inline void check_defined(const value& of) {
  if (const undefined_data* const missing = of.undefined())
    throw failure{missing->kind, missing->reason};
}

/// The items that iterating over a value gives. A generator has none afterwards.
[[nodiscard]] inline std::vector<value> items_of(runtime& within, const value& of) {
  std::vector<value> items;
  if (const sequence* const list = of.list()) {
    within.left.spend(list->items.size() + 1);
    items.assign(list->items.begin() + static_cast<std::ptrdiff_t>(list->used), list->items.end());
    if (list->kind == sequence_kind::generator) list->used = list->items.size();
  } else if (const dictionary* const dict = of.dict()) {
    within.left.spend(dict->items.size() + 1);
    for (const auto& [key, mapped] : dict->items) items.push_back(key);
  } else if (const text_data* const text = of.text()) {
    within.left.spend(2 * text->bytes.size() + 1);
    for (std::size_t at = 0; at < text->bytes.size();) {
      const std::size_t count = bytes_at(text->bytes, at);
      items.emplace_back(text->bytes.substr(at, count));
      at += count;
    }
  } else if (!of.is_undefined()) {
    throw type_error("'", type_name(of), "' object is not iterable");
  }
  return items;
}

/// Calls a value. Throws a failure if it is not callable.
[[nodiscard]] inline value call(runtime& within, const value& what, arguments given) {
  check_defined(what);
  auto* const function = dynamic_cast<callable_object*>(what.other());
  if (function == nullptr) throw type_error("'", type_name(what), "' object is not callable");
  const deeper level(within.left);
  within.left.spend();
  return function->call(within, std::move(given));
}

[[nodiscard]] inline std::size_t length_of(const value& of) {
  if (const text_data* const text = of.text()) return code_point_count(text->bytes);
  if (const dictionary* const dict = of.dict()) return dict->items.size();
  const sequence* const list = of.list();
  if (list != nullptr && list->kind != sequence_kind::generator) return list->items.size();
  if (of.is_undefined()) return 0;
  throw type_error("object of type '", type_name(of), "' has no len()");
}

}  // namespace prefopt::inline v0_2::detail::jinja
