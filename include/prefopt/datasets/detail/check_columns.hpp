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
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/detail/known_columns.hpp"
#include "prefopt/datasets/detail/says_nothing.hpp"
#include "prefopt/datasets/detail/standard_record.hpp"
#include "prefopt/datasets/preference_columns.hpp"
#include "prefopt/datasets/usual_roles.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2::detail {

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
/// `texts`: the example's prompt, then its responses; empty if it is made from ids. Of an example
/// `of_messages`, chat templates read some columns.
inline void check_columns(const standard_record& record, std::span<const std::string_view> texts,
                          bool of_messages) {
  const json_object& object = record.record();
  for (const auto& [name, value] : object.json().items()) {
    if (says_nothing(value) || record.is_read(name) || record.is_replaced(name) ||
        (of_messages && record.is_template_variable(name)))
      continue;
    const column_kind kind = kind_of(record.name(name), all_known_columns);
    // whoever created the ids has taken it into account
    if (texts.empty() && kind != column_kind::weighting) continue;
    if (of_messages && kind == column_kind::rendered)
      throw format_error(concat(object.name(), ": ", printable(name),
                                " is beside the messages, where no chat template reads it; move it "
                                "into the message that it belongs to, or remove it"));
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
  void add(const standard_record& record, std::size_t line, reading_report& report) {
    names_ = std::unordered_set<std::string>();  // without the capacity that a wide example took
    for (const auto& [name, value] : record.record().json().items()) {
      if (says_nothing(value) || record.is_template_variable(name)) continue;
      if (record.is_read(name))
        note_messages(value, line, report);
      else if (record.is_replaced(name) ||
               kind_of(record.name(name), all_known_columns) == column_kind::unknown)
        count('c' + name, unused_column{name, false, 1, line}, report.unused, report.unused_beyond);
    }
  }

 private:
  /// Of a message, a list of messages, or a list of such lists.
  void note_messages(const nlohmann::json& value, std::size_t line, reading_report& report) {
    if (value.is_array())
      for (const nlohmann::json& one : value) note_messages(one, line, report);
    if (!value.is_object()) return;
    const bool of_sharegpt = value.contains("from") && !value["from"].is_null();
    for (const auto& [name, member] : value.items()) {
      if (name == (of_sharegpt ? "value" : "content") || says_nothing(member)) continue;
      if (name == "role" && member.is_string()) {
        const std::string& role = member.get_ref<const std::string&>();
        if (!is_usual_role(role))
          count('r' + role, unusual_role{role, 1, line}, report.unusual_roles,
                report.unusual_roles_beyond);
      } else if (!(of_sharegpt && name == "from") &&
                 kind_of(name, all_known_members) == column_kind::unknown) {
        count('m' + name, unused_column{name, true, 1, line}, report.unused, report.unused_beyond);
      }
    }
  }

  /// Counts once per example, by the key; the list is cut off at 64 names.
  template <class Counted>
  void count(const std::string& key, const Counted& first, std::vector<Counted>& list,
             std::size_t& beyond) {
    if (!names_.insert(key).second) return;
    const auto known =
        std::ranges::find_if(list, [&](const Counted& one) { return one.is_like(first); });
    if (known != list.end())
      ++known->count;
    else if (list.size() < 64)
      list.push_back(first);
    else if (beyond_.insert(std::hash<std::string>{}(key)).second)
      ++beyond;
  }

  std::unordered_set<std::string> names_;   // of one example
  std::unordered_set<std::size_t> beyond_;  // hashes, because names may be long
};

}  // namespace prefopt::inline v0_2::detail
