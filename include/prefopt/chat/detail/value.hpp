// SPDX-License-Identifier: MIT
#pragma once
// value: what a template computes with. Values are immutable, except namespaces and positions of
// iterators, so they share their contents.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "prefopt/chat/detail/failure.hpp"

namespace prefopt::inline v0_2::detail::jinja {

struct undefined_data;
struct text_data;
struct sequence;
struct dictionary;
struct object;

struct none_type {
  friend bool operator==(none_type, none_type) = default;
};

/// A Python value. Two things that JSON does not have: undefined, and objects (callables,
/// namespaces, macros).
class value {
 public:
  using undefined_ptr = std::shared_ptr<const undefined_data>;
  using text_ptr = std::shared_ptr<const text_data>;
  using sequence_ptr = std::shared_ptr<const sequence>;
  using dictionary_ptr = std::shared_ptr<const dictionary>;
  using object_ptr = std::shared_ptr<object>;

  value() = default;
  value(bool truth) : data_(truth) {}
  value(std::int64_t number) : data_(number) {}
  value(double number) : data_(number) {}
  value(std::string text, bool markup = false);
  value(const char* text) : value(std::string(text)) {}
  value(undefined_ptr data) : data_(std::move(data)) {}
  value(sequence_ptr data) : data_(std::move(data)) {}
  value(dictionary_ptr data) : data_(std::move(data)) {}
  value(object_ptr data) : data_(std::move(data)) {}

  [[nodiscard]] bool is_none() const { return std::holds_alternative<none_type>(data_); }
  [[nodiscard]] bool is_undefined() const { return undefined() != nullptr; }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&data_); }
  [[nodiscard]] const double* real() const { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const undefined_data* undefined() const { return pointee<undefined_ptr>(); }
  [[nodiscard]] const text_data* text() const { return pointee<text_ptr>(); }
  [[nodiscard]] const sequence* list() const { return pointee<sequence_ptr>(); }
  [[nodiscard]] const dictionary* dict() const { return pointee<dictionary_ptr>(); }
  [[nodiscard]] object* other() const {
    const auto* const found = std::get_if<object_ptr>(&data_);
    return found == nullptr ? nullptr : found->get();
  }

  /// Whether two values are the same object in Python; equal numbers and texts are.
  [[nodiscard]] bool is_same_as(const value& that) const;
  [[nodiscard]] std::size_t depth() const;

 private:
  template <class Pointer>
  [[nodiscard]] auto pointee() const -> typename Pointer::element_type* {
    const auto* const found = std::get_if<Pointer>(&data_);
    return found == nullptr ? nullptr : found->get();
  }

  std::variant<none_type, bool, std::int64_t, double, undefined_ptr, text_ptr, sequence_ptr,
               dictionary_ptr, object_ptr>
      data_;
};

/// The reason is what using the value raises.
struct undefined_data {
  std::string reason;
  const char* kind = "UndefinedError";
};

/// UTF-8. `markup`: was declared safe for HTML, so that `+` escapes what is added.
struct text_data {
  std::string bytes;
  bool markup = false;
};

enum class sequence_kind { list, tuple, range, generator, keys, values, items };

/// Anything with items. A generator is used up by iterating over it: `used` is how far.
struct sequence {
  std::vector<value> items;
  sequence_kind kind = sequence_kind::list;
  std::size_t depth = 1;
  mutable std::size_t used = 0;
  std::int64_t start = 0, stop = 0, step = 1;  // of a range
  bool is_group = false;                       // a tuple of groupby, whose items have names too
};

/// Functions, namespaces, macros and so on.
struct object {
  object() = default;
  object(const object&) = delete;
  object& operator=(const object&) = delete;
  virtual ~object() = default;
  /// Python's name of the type.
  [[nodiscard]] virtual std::string_view type_name() const = 0;
  [[nodiscard]] virtual bool is_callable() const { return false; }
  /// A member; `self` is this object.
  [[nodiscard]] virtual std::optional<value> attribute(const value& self, std::string_view name);
  /// As a text. Python shows an address for most, which no rendering should depend on.
  [[nodiscard]] virtual std::string text() const { throw unsupported(type_name(), " as a text"); }
  std::size_t depth = 1;
};

/// Python's name of a value's type.
[[nodiscard]] inline std::string_view type_name(const value& of) {
  constexpr std::string_view sequences[] = {"list",      "tuple",       "range",     "generator",
                                            "dict_keys", "dict_values", "dict_items"};
  if (of.is_none()) return "NoneType";
  if (of.is_undefined()) return "Undefined";
  if (of.boolean() != nullptr) return "bool";
  if (of.integer() != nullptr) return "int";
  if (of.real() != nullptr) return "float";
  if (const text_data* const text = of.text()) return text->markup ? "Markup" : "str";
  if (const sequence* const list = of.list()) return sequences[static_cast<int>(list->kind)];
  return of.dict() != nullptr ? "dict" : of.other()->type_name();
}

/// An int, or a bool, which Python counts as one.
[[nodiscard]] inline std::optional<std::int64_t> as_integer(const value& of) {
  if (const std::int64_t* const number = of.integer()) return *number;
  if (const bool* const truth = of.boolean()) return *truth ? 1 : 0;
  return std::nullopt;
}

[[nodiscard]] inline std::optional<double> as_number(const value& of) {
  if (const double* const number = of.real()) return *number;
  if (const auto number = as_integer(of)) return static_cast<double>(*number);
  return std::nullopt;
}

/// Nested containers are copied and destroyed recursively, so their depth has a bound.
inline constexpr std::size_t deepest_value = 200;

[[nodiscard]] inline std::size_t checked_depth(std::size_t depth) {
  if (depth > deepest_value)
    throw beyond_limit("a value nested deeper than ", deepest_value, " levels");
  return depth;
}

/// The key under which a dictionary finds a value: equal for values that are equal in Python.
/// Throws a failure for a list or a dictionary.
[[nodiscard]] std::string hash_key(const value& key);

/// A dictionary in the order of insertion.
struct dictionary {
  std::vector<std::pair<value, value>> items;
  std::size_t depth = 1;

  [[nodiscard]] const value* find(const std::string& hashed) const {
    const auto found = index.find(hashed);
    return found == index.end() ? nullptr : &items[found->second].second;
  }
  [[nodiscard]] const value* find(const value& key) const { return find(hash_key(key)); }
  [[nodiscard]] const value* find_text(std::string_view key) const {
    return find("s" + std::string(key));
  }

  void set(const value& key, value mapped) {
    depth = std::max(depth, checked_depth(1 + std::max(key.depth(), mapped.depth())));
    const auto [found, is_new] = index.try_emplace(hash_key(key), items.size());
    if (is_new)
      items.emplace_back(key, std::move(mapped));
    else
      items[found->second].second = std::move(mapped);
  }

  std::unordered_map<std::string, std::size_t> index;
};

inline std::optional<value> object::attribute(const value&, std::string_view) {
  return std::nullopt;
}

inline value::value(std::string text, bool markup)
    : data_(std::make_shared<const text_data>(text_data{std::move(text), markup})) {}

inline std::size_t value::depth() const {
  if (const auto* const found = list()) return found->depth;
  if (const auto* const found = dict()) return found->depth;
  if (const auto* const found = other()) return found->depth;
  return 0;
}

inline bool value::is_same_as(const value& that) const {
  if (data_.index() != that.data_.index()) return false;
  if (const auto* const found = text()) return found->bytes == that.text()->bytes;
  return data_ == that.data_;
}

[[nodiscard]] inline value make_sequence(std::vector<value> items,
                                         sequence_kind kind = sequence_kind::list) {
  std::size_t depth = 0;
  for (const value& item : items) depth = std::max(depth, item.depth());
  auto made = std::make_shared<sequence>();
  made->depth = checked_depth(depth + 1);
  made->items = std::move(items);
  made->kind = kind;
  return value(value::sequence_ptr(std::move(made)));
}

/// Whether it is a list or a tuple.
[[nodiscard]] inline bool is_plain(const sequence* list) {
  return list != nullptr &&
         (list->kind == sequence_kind::list || list->kind == sequence_kind::tuple);
}

[[nodiscard]] inline value make_tuple(std::vector<value> items) {
  return make_sequence(std::move(items), sequence_kind::tuple);
}

[[nodiscard]] inline value make_generator(std::vector<value> items) {
  return make_sequence(std::move(items), sequence_kind::generator);
}

[[nodiscard]] inline value make_undefined(std::string reason, const char* kind = "UndefinedError") {
  return value(std::make_shared<const undefined_data>(undefined_data{std::move(reason), kind}));
}

}  // namespace prefopt::inline v0_2::detail::jinja
