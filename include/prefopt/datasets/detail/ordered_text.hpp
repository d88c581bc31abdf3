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
#include "prefopt/datasets/detail/message_names.hpp"
#include "prefopt/datasets/detail/standard_record.hpp"

namespace prefopt::inline v0_2::detail {

/// Parses the record's text at the first use. Values are members of the record's object, or
/// elements of a list that is one.
class ordered_text {
 public:
  explicit ordered_text(standard_record& record) : record_(record) {}

  /// Sorted if the record's text is unknown.
  [[nodiscard]] std::string of(const nlohmann::json& value) {
    const nlohmann::ordered_json* found = find(value);
    return found == nullptr ? value.dump() : found->dump();
  }

  /// Puts the members of messages that were parsed from `list`, or from a single one, in order.
  void restore(const nlohmann::json& list, std::vector<chat_message>& messages) {
    const nlohmann::ordered_json* found = nullptr;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].json.empty()) continue;
      if (found == nullptr) found = find(list);
      if (found == nullptr) return;
      const nlohmann::ordered_json& one = found->is_array() ? (*found)[i] : *found;
      messages[i].json = with_role_and_content(one, {}).dump();
    }
  }

 private:
  [[nodiscard]] const nlohmann::ordered_json* find(const nlohmann::json& value) {
    if (!ordered_) ordered_ = record_.ordered();
    if (!ordered_) return nullptr;
    for (const auto& [key, plain] : record_.object().json().items()) {
      if (&plain == &value) return &ordered_->at(key);
      if (!plain.is_array()) continue;
      for (std::size_t i = 0; i < plain.size(); ++i)
        if (&plain[i] == &value) return &ordered_->at(key)[i];
    }
    return nullptr;
  }

  standard_record& record_;
  std::optional<nlohmann::ordered_json> ordered_;
};

}  // namespace prefopt::inline v0_2::detail
