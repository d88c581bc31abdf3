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
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2::detail {

/// Parses the record's text at the first use. Values are members of the record, or elements of a
/// list that is one.
class ordered_text {
 public:
  explicit ordered_text(const json_object& record) : record_(record) {}

  /// Sorted if the record's text is unknown.
  [[nodiscard]] std::string of(const nlohmann::json& value) {
    const nlohmann::ordered_json* found = find(value);
    return found == nullptr ? value.dump() : found->dump();
  }

  /// Puts the members of messages that were parsed from `list` in order.
  void restore(const nlohmann::json& list, std::vector<chat_message>& messages) {
    const nlohmann::ordered_json* found = nullptr;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].json.empty()) continue;
      if (found == nullptr) found = find(list);
      if (found == nullptr) return;
      messages[i].json = (*found)[i].dump();
    }
  }

 private:
  [[nodiscard]] const nlohmann::ordered_json* find(const nlohmann::json& value) {
    if (record_.source().empty()) return nullptr;
    if (!ordered_)
      ordered_ = parse_json_as<nlohmann::ordered_json>(record_.source(), record_.name(), {});
    for (const auto& [key, plain] : record_.json().items()) {
      if (&plain == &value) return &ordered_->at(key);
      if (!plain.is_array()) continue;
      for (std::size_t i = 0; i < plain.size(); ++i)
        if (&plain[i] == &value) return &ordered_->at(key)[i];
    }
    return nullptr;
  }

  const json_object& record_;
  std::optional<nlohmann::ordered_json> ordered_;
};

}  // namespace prefopt::inline v0_2::detail
