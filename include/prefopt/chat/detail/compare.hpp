// SPDX-License-Identifier: MIT
#pragma once
// Truth, equality, order and membership, as in Python.

#include <cmath>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "prefopt/chat/detail/budget.hpp"
#include "prefopt/chat/detail/python_text.hpp"
#include "prefopt/chat/detail/value.hpp"

namespace prefopt::inline v0_2::detail::jinja {

[[nodiscard]] inline bool is_true(const value& of) {
  if (of.is_none() || of.is_undefined()) return false;
  if (const auto number = as_number(of)) return *number != 0;
  if (const text_data* const text = of.text()) return !text->bytes.empty();
  if (const sequence* const list = of.list())
    return list->kind == sequence_kind::generator || !list->items.empty();
  if (const dictionary* const dict = of.dict()) return !dict->items.empty();
  return true;
}

inline std::string hash_key(const value& key) {
  if (key.is_none()) return "n";
  if (key.is_undefined()) return "u";
  if (const auto whole = as_integer(key)) return "i" + std::to_string(*whole);
  if (const double* const number = key.real()) {
    const bool is_whole = std::trunc(*number) == *number && std::abs(*number) < 9e18;
    return is_whole ? "i" + std::to_string(static_cast<std::int64_t>(*number))
                    : "f" + float_text(*number);
  }
  if (const text_data* const text = key.text()) return "s" + text->bytes;
  const sequence* const list = key.list();
  if (list != nullptr && list->kind == sequence_kind::tuple) {
    std::string hashed = "t";
    for (const value& item : list->items) {
      const std::string one = hash_key(item);
      hashed += std::to_string(one.size()) + ':' + one;
    }
    return hashed;
  }
  if (list != nullptr || key.dict() != nullptr)
    throw type_error("unhashable type: '", type_name(key), "'");
  return "o" + std::to_string(reinterpret_cast<std::uintptr_t>(key.other()));
}

[[nodiscard]] bool is_equal(const value& left, const value& right, budget& within);

[[nodiscard]] inline bool are_equal(const sequence& left, const sequence& right, budget& within) {
  if (left.kind != right.kind) return false;
  if (left.kind == sequence_kind::generator || left.kind == sequence_kind::values)
    return &left == &right;
  if (left.items.size() != right.items.size()) return false;
  for (std::size_t i = 0; i < left.items.size(); ++i)
    if (!is_equal(left.items[i], right.items[i], within)) return false;
  return true;
}

[[nodiscard]] inline bool are_equal(const dictionary& left, const dictionary& right,
                                    budget& within) {
  if (left.items.size() != right.items.size()) return false;
  for (const auto& [key, mapped] : left.items) {
    const value* const other = right.find(key);
    if (other == nullptr || !is_equal(mapped, *other, within)) return false;
  }
  return true;
}

/// Integers as integers, so that large ones are compared exactly.
[[nodiscard]] inline std::partial_ordering compare_numbers(const value& left, const value& right) {
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b) return *a <=> *b;
  return *as_number(left) <=> *as_number(right);
}

/// Python's ==. Values of different types are different.
inline bool is_equal(const value& left, const value& right, budget& within) {
  const deeper level(within);
  within.spend();
  if (as_number(left) && as_number(right)) return std::is_eq(compare_numbers(left, right));
  if (left.text() != nullptr && right.text() != nullptr) {
    within.spend_bytes(std::min(left.text()->bytes.size(), right.text()->bytes.size()));
    return left.text()->bytes == right.text()->bytes;
  }
  if (left.list() != nullptr && right.list() != nullptr)
    return are_equal(*left.list(), *right.list(), within);
  if (left.dict() != nullptr && right.dict() != nullptr)
    return are_equal(*left.dict(), *right.dict(), within);
  if (left.is_undefined() || right.is_undefined())
    return left.is_undefined() && right.is_undefined();
  return left.is_same_as(right);
}

/// Python's order. `symbol` is for the message of values that have none.
[[nodiscard]] inline std::partial_ordering order(const value& left, const value& right,
                                                 std::string_view symbol, budget& within) {
  const deeper level(within);
  within.spend();
  if (left.is_undefined()) throw failure{left.undefined()->kind, left.undefined()->reason};
  if (right.is_undefined()) throw failure{right.undefined()->kind, right.undefined()->reason};
  if (as_number(left) && as_number(right)) return compare_numbers(left, right);
  if (left.text() != nullptr && right.text() != nullptr) {
    within.spend_bytes(std::min(left.text()->bytes.size(), right.text()->bytes.size()));
    return left.text()->bytes <=> right.text()->bytes;  // UTF-8 has the order of code points
  }
  const sequence *const a = left.list(), *const b = right.list();
  const bool are_ordered = a != nullptr && b != nullptr && a->kind == b->kind &&
                           (a->kind == sequence_kind::list || a->kind == sequence_kind::tuple);
  if (!are_ordered) {
    throw type_error("'", symbol, "' not supported between instances of '", type_name(left),
                     "' and '", type_name(right), "'");
  }
  for (std::size_t i = 0; i < std::min(a->items.size(), b->items.size()); ++i)
    if (!is_equal(a->items[i], b->items[i], within))
      return order(a->items[i], b->items[i], symbol, within);
  return a->items.size() <=> b->items.size();
}

/// Python's `item in container`.
[[nodiscard]] inline bool contains(const value& container, const value& item, budget& within) {
  if (const text_data* const text = container.text()) {
    if (item.text() == nullptr)
      throw type_error("'in <string>' requires string as left operand, not ", type_name(item));
    within.spend_bytes(text->bytes.size());
    return text->bytes.find(item.text()->bytes) != std::string::npos;
  }
  if (const dictionary* const dict = container.dict()) return dict->find(item) != nullptr;
  if (container.is_undefined()) return false;
  const sequence* const list = container.list();
  if (list == nullptr)
    throw type_error("argument of type '", type_name(container), "' is not iterable");
  if (list->kind == sequence_kind::generator) {
    while (list->used < list->items.size())
      if (is_equal(list->items[list->used++], item, within)) return true;
    return false;
  }
  for (const value& one : list->items)
    if (is_equal(one, item, within)) return true;
  return false;
}

}  // namespace prefopt::inline v0_2::detail::jinja
