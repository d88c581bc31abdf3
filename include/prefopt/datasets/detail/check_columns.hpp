// SPDX-License-Identifier: MIT
#pragma once
// check_columns, column_counter: the columns that no example is made from, as
// preference_columns.hpp describes.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/detail/known_columns.hpp"
#include "prefopt/datasets/preference_columns.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

/// Whether a member is present but empty: null, a blank text, or a list or object that holds
/// nothing else. Arrow gives every row every column.
[[nodiscard]] inline bool says_nothing(const nlohmann::json& value) {
  if (value.is_string())
    return value.get_ref<const std::string&>().find_first_not_of(" \t\r\n") == std::string::npos;
  return value.is_null() || (value.is_structured() && std::ranges::all_of(value, says_nothing));
}

/// Whether a weight has the default value 1.
[[nodiscard]] inline bool is_one(const nlohmann::json& value) {
  return (value.is_number() && value.get<double>() == 1) ||
         (value.is_boolean() && value.get<bool>());
}

/// Why a member is refused where no chat template writes it.
[[nodiscard]] inline std::string for_templates(std::string_view name, const std::string& where) {
  return concat(where, ": ", printable(name),
                " is for a chat template to write, and none is used here; write it into the texts, "
                "or remove it");
}

/// Throws format_error for a member that only a chat template could render, or one that would make
/// some of the example count less.
inline void refuse_column(column_kind kind, std::string_view name, const nlohmann::json& value,
                          const std::string& where) {
  if (kind == column_kind::rendered) throw format_error(for_templates(name, where));
  if (kind == column_kind::weighting && !is_one(value))
    throw format_error(concat(
        where, ": ", printable(name),
        " would make some of it count for less, which is not supported; leave out what should not "
        "count, and remove it"));
}

/// Whether each text in `value`, at any depth, is a part of one of `texts`. Only the content of a
/// message is considered.
[[nodiscard]] inline bool holds_all(std::span<const std::string_view> texts,
                                    const nlohmann::json& value) {
  if (says_nothing(value)) return true;
  if (value.is_string()) {
    std::string_view part = value.get_ref<const std::string&>();
    part.remove_prefix(part.find_first_not_of(" \t\r\n"));
    part = part.substr(0, part.find_last_not_of(" \t\r\n") + 1);
    return std::ranges::any_of(texts,
                               [&](std::string_view text) { return text.find(part) != text.npos; });
  }
  if (value.is_object()) {
    for (const char* key : {"content", "value"})
      if (value.contains(key)) return holds_all(texts, value[key]);
    return false;
  }
  return value.is_array() &&
         std::ranges::all_of(value, [&](const auto& one) { return holds_all(texts, one); });
}

/// Throws format_error, naming the column, if an unread column would change the training data.
/// `read`: the columns that the example is made from; `texts`: its prompt, then its responses;
/// empty if it is made from ids.
inline void check_columns(const json_object& object, std::span<const std::string_view> read,
                          std::span<const std::string_view> texts) {
  for (const auto& [name, value] : object.json().items()) {
    const auto is_read = std::ranges::find(read, std::string_view(name)) != read.end();
    if (is_read || says_nothing(value)) continue;
    const column_kind kind = kind_of(name, all_known_columns);
    // whoever created the ids has taken it into account
    if (texts.empty() && kind != column_kind::weighting) continue;
    refuse_column(kind, name, value, object.name());
    if (kind == column_kind::prompt && !holds_all(texts.first(1), value))
      throw format_error(concat(object.name(), ": ", printable(name),
                                " is not in the prompt, which is \"", printable(texts[0], 60),
                                "\"; write the whole prompt into \"prompt\", or remove ",
                                printable(name)));
    if (kind == column_kind::dialogue && !holds_all(texts, value))
      throw format_error(concat(
          object.name(), ": ", printable(name),
          " holds text that is neither in the prompt nor in the responses; write the whole prompt into "
          "\"prompt\", or remove ",
          printable(name)));
  }
}

/// Counts unknown columns.
class column_counter {
 public:
  void add(const json_object& object, std::span<const std::string_view> read, std::size_t line,
           reading_report& report) {
    names_ = std::unordered_set<std::string>();  // without the capacity that a wide example took
    for (const auto& [name, value] : object.json().items()) {
      if (says_nothing(value)) continue;
      if (std::ranges::find(read, std::string_view(name)) == read.end())
        note(name, false, line, report);
      else
        note_members(value, line, report);
    }
  }

 private:
  void note_members(const nlohmann::json& value, std::size_t line, reading_report& report) {
    if (!value.is_array()) return;
    for (const nlohmann::json& one : value) {
      if (one.is_array()) note_members(one, line, report);
      if (!one.is_object()) continue;
      for (const auto& [name, member] : one.items())
        if (name != "role" && name != "content" && !says_nothing(member))
          note(name, true, line, report);
    }
  }

  void note(const std::string& name, bool in_messages, std::size_t line, reading_report& report) {
    if (kind_of(name, in_messages ? all_known_members : all_known_columns) != column_kind::unknown)
      return;
    const auto [key, is_new] = names_.insert((in_messages ? "m" : "c") + name);
    if (!is_new) return;  // once per example
    const auto known = std::ranges::find_if(report.unused, [&](const auto& column) {
      return column.in_messages == in_messages && column.name == name;
    });
    if (known != report.unused.end())
      ++known->count;
    else if (report.unused.size() < 64)
      report.unused.push_back({name, in_messages, 1, line});
    else if (beyond_.insert(std::hash<std::string>{}(*key)).second)
      ++report.unused_beyond;
  }

  std::unordered_set<std::string> names_;   // of one example
  std::unordered_set<std::size_t> beyond_;  // hashes, because names may be long
};

}  // namespace prefopt::inline v0_2::detail
