// SPDX-License-Identifier: MIT
#pragma once
// parse_json: parses untrusted JSON. It bounds depth and number of values (the parser bounds
// neither, and copying a deeply nested value crashes), and rejects repeated keys.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/describe_foreign.hpp"
#include "prefopt/io/json_limits.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Builds the value from the parser's events; throws the first error as a format_error.
template <class Json>
class json_builder final : public nlohmann::json_sax<Json> {
  using events = nlohmann::json_sax<Json>;

 public:
  using number_integer_t = typename events::number_integer_t;
  using number_unsigned_t = typename events::number_unsigned_t;
  using number_float_t = typename events::number_float_t;
  using string_t = typename events::string_t;
  using binary_t = typename events::binary_t;

  json_builder(std::string_view name, json_limits limits) : name_(name), limits_(limits) {}

  [[nodiscard]] Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    auto& members = open_.back()->template get_ref<typename Json::object_t&>();
    if (!insert_key(members, value))
      throw format_error(
          concat(name_, ": key \"", printable(value), "\" appears twice in one object"));
    return true;
  }

  bool parse_error(std::size_t position, const std::string& read,
                   const nlohmann::json::exception& failure) override {
    const std::string begin = concat(name_, ": not JSON at byte ", position, ": ");
    const bool is_literal =
        std::string_view(failure.what()).find("invalid literal") != std::string_view::npos;
    // Python's spellings
    if (read.ends_with("-I") || (is_literal && (read.ends_with('N') || read.ends_with('I'))))
      throw format_error(concat(
          begin, "NaN or Infinity, which JSON does not have; use null for a missing number"));
    // "[json...] parse error at line 1, column 5: the reason"
    std::string_view reason = failure.what();
    const auto drop_until = [&](std::string_view mark, std::size_t from) {
      if (const auto at = reason.find(mark, from); at != reason.npos)
        reason.remove_prefix(at + mark.size());
    };
    if (const auto column = reason.find("column "); column != reason.npos)
      drop_until(": ", column);
    else
      drop_until("] ", 0);
    throw format_error(concat(begin, printable(reason)));
  }

 private:
  /// Makes room for the value of a key; false if the object has the key.
  bool insert_key(auto& members, const string_t& key) {
    if constexpr (std::is_same_v<Json, nlohmann::json>) {
      const auto [found, is_new] = members.try_emplace(key);
      member_ = &found->second;
      return is_new;
    } else {  // an ordered object would look through all its members
      if (!keys_.back().insert(key).second) return false;
      std::vector<typename Json::object_t::value_type>& ordered = members;
      member_ = &ordered.emplace_back(key, Json()).second;
      return true;
    }
  }

  template <class Value>
  Json* insert(Value&& value) {
    if (++values_ > limits_.values)
      throw format_error(concat(name_, ": more than ", limits_.values, " JSON values"));
    if (open_.empty()) return &(root_ = std::forward<Value>(value));
    if (open_.back()->is_object()) return &(*member_ = std::forward<Value>(value));
    auto& elements = open_.back()->template get_ref<typename Json::array_t&>();
    return &elements.emplace_back(std::forward<Value>(value));
  }

  template <class Value>
  bool put(Value&& value) {
    insert(std::forward<Value>(value));
    return true;
  }

  bool open(Json&& container) {
    if (open_.size() == limits_.depth)
      throw format_error(concat(name_, ": JSON nested deeper than ", limits_.depth, " levels"));
    open_.push_back(insert(std::move(container)));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  std::string name_;
  json_limits limits_;
  Json root_;
  Json* member_ = nullptr;  // where the value of the last key goes
  // an open element is the last of its parent, so it does not move
  std::vector<Json*> open_;
  std::vector<std::unordered_set<string_t>> keys_;  // of the open objects, if they are ordered
  std::size_t values_ = 0;
};

template <class Json>
[[nodiscard]] Json parse_json_as(std::string_view text, std::string_view name, json_limits limits) {
  if (const auto foreign = describe_foreign(text); !foreign.empty())
    throw format_error(concat(name, ": ", foreign, "; expected JSON"));
  json_builder<Json> builder(name, limits);
  Json::sax_parse(text.begin(), text.end(), &builder);
  if (const auto nul = text.find('\0'); nul != text.npos)
    throw format_error(concat(name, ": not JSON at byte ", nul + 1, ": a NUL"));
  return builder.take();
}

}  // namespace detail

/// The value of a JSON text. `name` (a file's) begins every message. Throws format_error with the
/// byte where the text stops being JSON: bad syntax, bad UTF-8, NaN, a repeated key, more depth or
/// values than `limits`, trailing text, a NUL (the parser takes one for the end of the text).
[[nodiscard]] inline nlohmann::json parse_json(std::string_view text, std::string_view name,
                                               json_limits limits = {}) {
  return detail::parse_json_as<nlohmann::json>(text, name, limits);
}

/// The list or object that begins at `first`, an input iterator over char. Reads no further than
/// its last bracket. Throws as parse_json does.
template <class Iterator>
[[nodiscard]] nlohmann::json parse_json_value(Iterator first, Iterator last, std::string_view name,
                                              json_limits limits = {}) {
  detail::json_builder<nlohmann::json> builder(name, limits);
  nlohmann::json::sax_parse(first, last, &builder, nlohmann::json::input_format_t::json, false);
  return builder.take();
}

}  // namespace prefopt::inline v0_2
