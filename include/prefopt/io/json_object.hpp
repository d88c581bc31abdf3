// SPDX-License-Identifier: MIT
#pragma once
// json_object: checked access to a JSON object's members. The JSON library's conversions silently
// corrupt values (-1 becomes 4294967295, 1.5 becomes 1, true becomes 1), so everything is read
// through this class.

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

/// Describes a JSON value for messages: "1.5", "true", "a list", "a text".
[[nodiscard]] inline std::string describe_json(const nlohmann::json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a text";
  return value.dump();  // null, true, false or a number
}

/// `value` as an integer between `least` and `most`; `where` begins the message. Throws
/// format_error for anything else: a fraction, a text, true.
[[nodiscard]] inline std::int64_t to_integer(const nlohmann::json& value, std::string_view where,
                                             std::int64_t least, std::int64_t most) {
  // The parser stores integers above the greatest int64 as unsigned; both kinds compare as
  // integers, never through double.
  const bool fits =
      value.is_number_integer() &&
      (!value.is_number_unsigned() || std::in_range<std::int64_t>(value.get<std::uint64_t>()));
  if (fits && value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most)
    return value.get<std::int64_t>();
  throw format_error(concat(where, " is ", describe_json(value), ", expected an integer from ",
                            least, " to ", most));
}

/// What messages call a member that a file has under another name. Refers to texts.
struct member_alias {
  std::string_view key;
  std::string_view shown;
};

/// An object's members, read one by one. Messages name the file and the key. Refers to the JSON
/// that it was created from. Every reader throws format_error if the member is missing or has
/// another type; for the `optional_` ones a missing or null member is no value.
class json_object {
 public:
  /// `text`, if it is not empty, is the JSON text that `value` was parsed from; it and `aliases`
  /// outlive this. Throws format_error if `value` is not an object.
  json_object(const nlohmann::json& value, std::string name, std::string_view text = {},
              std::span<const member_alias> aliases = {})
      : object_(value), name_(std::move(name)), text_(text), aliases_(aliases) {
    if (!value.is_object())
      throw format_error(concat(name_, ": ", describe_json(value), ", expected a JSON object"));
  }
  json_object(nlohmann::json&&, std::string, std::string_view = {}) = delete;  // would dangle

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const nlohmann::json& json() const { return object_; }

  /// The JSON text, in which members have their order; empty if it is unknown.
  [[nodiscard]] std::string_view source() const { return text_; }

  /// The name of a member for messages.
  [[nodiscard]] std::string shown(std::string_view key) const {
    for (const member_alias& one : aliases_)
      if (one.key == key) return printable(one.shown);
    return printable(key);
  }

  /// The location of a member, "FILE: line 7: chosen", for messages.
  [[nodiscard]] std::string location(std::string_view key) const {
    return concat(name_, ": ", shown(key));
  }

  /// Whether the member exists, even as null.
  [[nodiscard]] bool has(std::string_view key) const { return object_.contains(key); }

  /// Whether the member exists and is not null.
  [[nodiscard]] bool has_value(std::string_view key) const {
    return has(key) && !(*object_.find(key)).is_null();
  }

  [[nodiscard]] const nlohmann::json& at(std::string_view key) const {
    const auto member = object_.find(key);
    if (member == object_.end())
      throw format_error(concat(name_, ": key \"", shown(key), "\" is missing"));
    return *member;
  }

  [[nodiscard]] std::int64_t integer(
      std::string_view key, std::int64_t least = std::numeric_limits<std::int64_t>::min(),
      std::int64_t most = std::numeric_limits<std::int64_t>::max()) const {
    return to_integer(at(key), location(key), least, most);
  }

  [[nodiscard]] double number(std::string_view key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_number()) throw unexpected(key, "a number");
    return value.get<double>();
  }

  [[nodiscard]] bool boolean(std::string_view key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_boolean()) throw unexpected(key, "true or false");
    return value.get<bool>();
  }

  [[nodiscard]] const std::string& text(std::string_view key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_string()) throw unexpected(key, "a text");
    return value.get_ref<const std::string&>();
  }

  [[nodiscard]] const nlohmann::json& list(std::string_view key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_array()) throw unexpected(key, "a list");
    return value;
  }

  [[nodiscard]] json_object object(std::string_view key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_object()) throw unexpected(key, "an object");
    return {value, location(key)};
  }

  [[nodiscard]] std::optional<std::int64_t> optional_integer(
      std::string_view key, std::int64_t least = std::numeric_limits<std::int64_t>::min(),
      std::int64_t most = std::numeric_limits<std::int64_t>::max()) const {
    return has_value(key) ? std::optional(integer(key, least, most)) : std::nullopt;
  }
  [[nodiscard]] std::optional<double> optional_number(std::string_view key) const {
    return has_value(key) ? std::optional(number(key)) : std::nullopt;
  }
  [[nodiscard]] std::optional<bool> optional_boolean(std::string_view key) const {
    return has_value(key) ? std::optional(boolean(key)) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view key) const {
    return has_value(key) ? std::optional(text(key)) : std::nullopt;
  }

 private:
  [[nodiscard]] format_error unexpected(std::string_view key, std::string_view expected) const {
    return format_error(
        concat(location(key), " is ", describe_json(at(key)), ", expected ", expected));
  }

  const nlohmann::json& object_;
  std::string name_;
  std::string_view text_;
  std::span<const member_alias> aliases_;
};

}  // namespace prefopt::inline v0_2
