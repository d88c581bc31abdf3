// SPDX-License-Identifier: MIT
#pragma once
// parse_json: parses untrusted JSON. It bounds depth and number of values (the parser bounds
// neither, and copying a deeply nested value crashes), and rejects repeated keys.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
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
class json_builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  json_builder(std::string_view name, json_limits limits) : name_(name), limits_(limits) {}

  [[nodiscard]] nlohmann::json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(nlohmann::json::object()); }
  bool start_array(std::size_t) override { return open(nlohmann::json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    const auto [found, is_new] =
        open_.back()->get_ref<nlohmann::json::object_t&>().try_emplace(value);
    if (!is_new)
      throw format_error(
          concat(name_, ": key \"", printable(value), "\" appears twice in one object"));
    member_ = &found->second;
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
  template <class Value>
  nlohmann::json* insert(Value&& value) {
    if (++values_ > limits_.values)
      throw format_error(concat(name_, ": more than ", limits_.values, " JSON values"));
    if (open_.empty()) return &(root_ = std::forward<Value>(value));
    if (open_.back()->is_object()) return &(*member_ = std::forward<Value>(value));
    auto& elements = open_.back()->get_ref<nlohmann::json::array_t&>();
    return &elements.emplace_back(std::forward<Value>(value));
  }

  template <class Value>
  bool put(Value&& value) {
    insert(std::forward<Value>(value));
    return true;
  }

  bool open(nlohmann::json&& container) {
    if (open_.size() == limits_.depth)
      throw format_error(concat(name_, ": JSON nested deeper than ", limits_.depth, " levels"));
    open_.push_back(insert(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string name_;
  json_limits limits_;
  nlohmann::json root_;
  nlohmann::json* member_ = nullptr;  // where the value of the last key goes
  // an open element is the last of its parent, so it does not move
  std::vector<nlohmann::json*> open_;
  std::size_t values_ = 0;
};

}  // namespace detail

/// The value of a JSON text. `name` (a file's) begins every message. Throws format_error with the
/// byte where the text stops being JSON: bad syntax, bad UTF-8, NaN, a repeated key, more depth or
/// values than `limits`, trailing text, a NUL (the parser takes one for the end of the text).
[[nodiscard]] inline nlohmann::json parse_json(std::string_view text, std::string_view name,
                                               json_limits limits = {}) {
  if (const auto foreign = describe_foreign(text); !foreign.empty())
    throw format_error(concat(name, ": ", foreign, "; expected JSON"));
  detail::json_builder builder(name, limits);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (const auto nul = text.find('\0'); nul != text.npos)
    throw format_error(concat(name, ": not JSON at byte ", nul + 1, ": a NUL"));
  return builder.take();
}

/// The list or object that begins at `first`, an input iterator over char. Reads no further than
/// its last bracket. Throws as parse_json does.
template <class Iterator>
[[nodiscard]] nlohmann::json parse_json_value(Iterator first, Iterator last, std::string_view name,
                                              json_limits limits = {}) {
  detail::json_builder builder(name, limits);
  nlohmann::json::sax_parse(first, last, &builder, nlohmann::json::input_format_t::json, false);
  return builder.take();
}

}  // namespace prefopt::inline v0_2
