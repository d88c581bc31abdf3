// SPDX-License-Identifier: MIT
#pragma once
// ordered_text: parts of a record as JSON text with all members in the file's order, which chat
// templates can see. nlohmann::json sorts them.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/data/conversation.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2::detail {

/// The part of `ordered` that is where `target` is in `plain`, which holds the same; or null.
[[nodiscard]] inline const nlohmann::ordered_json* find_ordered(
    const nlohmann::json& plain, const nlohmann::ordered_json& ordered,
    const nlohmann::json* target) {
  if (&plain == target) return &ordered;
  const nlohmann::ordered_json* found = nullptr;
  if (plain.is_object())
    for (auto member = plain.begin(); member != plain.end() && found == nullptr; ++member)
      found = find_ordered(*member, ordered[member.key()], target);
  else if (plain.is_array())
    for (std::size_t i = 0; i < plain.size() && found == nullptr; ++i)
      found = find_ordered(plain[i], ordered[i], target);
  return found;
}

/// Parses the record's text at the first use.
class ordered_text {
 public:
  explicit ordered_text(const json_object& record) : record_(record) {}

  /// `value` is a part of the record. Sorted if the record's text is unknown.
  [[nodiscard]] std::string of(const nlohmann::json& value) {
    if (record_.source().empty()) return value.dump();
    if (!ordered_) ordered_ = nlohmann::ordered_json::parse(record_.source());
    return find_ordered(record_.json(), *ordered_, &value)->dump();
  }

  /// Puts the members of messages that were parsed from `list` in order.
  void restore(const nlohmann::json& list, std::vector<chat_message>& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i)
      if (!messages[i].json.empty()) messages[i].json = of(list[i]);
  }

 private:
  const json_object& record_;
  std::optional<nlohmann::ordered_json> ordered_;
};

}  // namespace prefopt::inline v0_2::detail
