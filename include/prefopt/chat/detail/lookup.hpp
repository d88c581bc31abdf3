// SPDX-License-Identifier: MIT
#pragma once
// The definitions of access.hpp.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/chat/detail/access.hpp"
#include "prefopt/chat/detail/method_table.hpp"

namespace prefopt::inline v0_2::detail::jinja {

/// What Jinja calls a value in the message of an undefined attribute.
[[nodiscard]] inline std::string described(const value& of) {
  return of.is_none() ? "None" : concat(type_name(of), " object");
}

[[nodiscard]] inline value missing_member(runtime& within, const value& of, const value& key) {
  if (key.text() != nullptr) {
    return make_undefined(concat("'", described(of), "' has no attribute ",
                                 quote(first_code_points(key.text()->bytes, 200))));
  }
  return make_undefined(concat(described(of), " has no element ", repr(key, within.left)));
}

/// An attribute in Python's sense: a method, a namespace's member; nothing if there is none.
[[nodiscard]] inline std::optional<value> find_attribute(const value& of, std::string_view name) {
  const bool is_dunder = name.starts_with("__") && name.ends_with("__");
  if (is_mutator(of, name) || is_dunder) {
    return make_undefined(
        concat("access to attribute '", name, "' of '", type_name(of), "' object is unsafe."),
        "SecurityError");
  }
  if (object* const other = of.other()) return other->attribute(of, name);
  if (of.list() != nullptr && of.list()->is_group && (name == "grouper" || name == "list"))
    return of.list()->items[name == "list" ? 1 : 0];
  const named_method* const found =
      of.text() != nullptr ? find_text_method(name) : find_container_method(of, name);
  if (found == nullptr) return std::nullopt;
  if (found->body == nullptr) throw unsupported("the method ", name, " of ", type_name(of));
  return value(value::object_ptr(std::make_shared<method_object>(of, found->body)));
}

/// An item; nothing if there is none or if the value has no items.
[[nodiscard]] inline std::optional<value> find_item(runtime& within, const value& of,
                                                    const value& key) {
  if (const dictionary* const dict = of.dict()) {
    const bool is_hashable =
        key.list() == nullptr ? key.dict() == nullptr : key.list()->kind == sequence_kind::tuple;
    const value* const found = is_hashable ? dict->find(key) : nullptr;
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  auto index = as_integer(key);
  if (!index) return std::nullopt;
  const auto in_range = [&](std::int64_t size) {
    if (*index < 0) *index += size;
    return *index >= 0 && *index < size;
  };
  if (const sequence* const list = of.list()) {
    const bool has_items = is_plain(list) || list->kind == sequence_kind::range;
    if (!has_items || !in_range(std::ssize(list->items))) return std::nullopt;
    return list->items[static_cast<std::size_t>(*index)];
  }
  const text_data* const text = of.text();
  if (text == nullptr) return std::nullopt;
  within.left.spend_bytes(text->bytes.size());
  if (!in_range(static_cast<std::int64_t>(code_point_count(text->bytes)))) return std::nullopt;
  return value(std::string(window(text->bytes, *index, *index + 1)->part), text->markup);
}

inline value get_attribute(runtime& within, const value& of, std::string_view name) {
  within.left.spend();
  check_defined(of);
  if (auto found = find_attribute(of, name)) return *std::move(found);
  const value key{std::string(name)};
  if (auto found = find_item(within, of, key)) return *std::move(found);
  return missing_member(within, of, key);
}

inline value get_item(runtime& within, const value& of, const value& key) {
  within.left.spend();
  check_defined(of);
  if (auto found = find_item(within, of, key)) return *std::move(found);
  if (key.text() != nullptr)
    if (auto found = find_attribute(of, key.text()->bytes)) return *std::move(found);
  return missing_member(within, of, key);
}

/// A slice of so many items in plain numbers: from `first` to before `last`, counting by `step`.
struct slice_numbers {
  std::int64_t first, last, step;
};

[[nodiscard]] inline slice_numbers numbers_of(const slice_bounds& bounds, std::size_t count) {
  const auto number = [](const value& of, std::int64_t otherwise) {
    if (of.is_none()) return otherwise;
    if (const auto whole = as_integer(of)) return *whole;
    check_defined(of);
    throw type_error("slice indices must be integers or None or have an __index__ method");
  };
  const auto size = static_cast<std::int64_t>(count);
  const std::int64_t step = number(bounds.step, 1);
  if (step == 0) throw value_failure("slice step cannot be zero");
  const std::int64_t least = step > 0 ? 0 : -1, most = step > 0 ? size : size - 1;
  const auto clamped = [&](std::int64_t at) {
    return std::clamp(at < 0 ? at + size : at, least, most);
  };
  const std::int64_t last =
      bounds.stop.is_none() ? (step > 0 ? size : -1) : clamped(number(bounds.stop, 0));
  return {clamped(number(bounds.start, step > 0 ? 0 : size)), last, step};
}

/// The indices that a slice selects, as in Python.
[[nodiscard]] inline std::vector<std::size_t> selected_indices(runtime& within,
                                                               const slice_numbers& slice) {
  std::vector<std::size_t> indices;
  const bool is_forward = slice.step > 0;
  for (std::int64_t at = slice.first; is_forward ? at < slice.last : at > slice.last;) {
    indices.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, slice.step, &at)) break;
  }
  within.left.spend(indices.size());
  return indices;
}

/// A slice of a range is a range.
[[nodiscard]] inline value slice_of_range(const sequence& range, const slice_numbers& slice,
                                          std::vector<value> items) {
  auto made = std::make_shared<sequence>();
  made->kind = sequence_kind::range;
  made->items = std::move(items);
  made->start = range.start + slice.first * range.step;
  made->stop = range.start + slice.last * range.step;
  made->step = range.step;
  if (__builtin_mul_overflow(range.step, slice.step, &made->step))
    throw beyond_limit("an integer of more than 64 bits");
  return value(value::sequence_ptr(std::move(made)));
}

inline value get_slice(runtime& within, const value& of, const slice_bounds& bounds) {
  within.left.spend();
  check_defined(of);
  if (const text_data* const text = of.text()) {
    within.left.spend_bytes(4 * text->bytes.size());
    const std::u32string points = decode(text->bytes);
    std::u32string part;
    for (const std::size_t i : selected_indices(within, numbers_of(bounds, points.size())))
      part += points[i];
    return within.text(encode(part), text->markup);
  }
  const sequence* const list = of.list();
  if (of.dict() != nullptr) throw type_error("unhashable type: 'slice'");
  if (!is_plain(list) && (list == nullptr || list->kind != sequence_kind::range))
    throw type_error("'", type_name(of), "' object is not subscriptable");
  const slice_numbers slice = numbers_of(bounds, list->items.size());
  std::vector<value> items;
  for (const std::size_t i : selected_indices(within, slice)) items.push_back(list->items[i]);
  if (list->kind == sequence_kind::range) return slice_of_range(*list, slice, std::move(items));
  return make_sequence(std::move(items), list->kind);
}

}  // namespace prefopt::inline v0_2::detail::jinja
