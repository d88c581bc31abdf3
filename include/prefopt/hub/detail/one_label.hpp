// SPDX-License-Identifier: MIT
#pragma once
// The labels of a scalar model's config.json.

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2::detail {

/// Throws format_error if a classifier does not have exactly one label. Two are transformers'
/// default and not always written, so a config that states none is accepted: the head's shape
/// decides.
inline void check_one_label(const json_object& object) {
  constexpr std::string_view expected = ", expected one label, as a reward model has";
  if (object.has_value("id2label")) {
    const std::size_t labels = object.object("id2label").json().size();
    if (labels != 1)
      throw format_error(concat(object.name(), ": id2label has ", labels, " labels", expected));
  } else if (object.optional_integer("num_labels").value_or(1) != 1) {
    throw format_error(
        concat(object.name(), ": num_labels is ", object.integer("num_labels"), expected));
  }
}

/// Makes a config that of one label, whose name it keeps.
inline void set_one_label(nlohmann::json& json) {
  const auto has_one = [&](const char* key) {
    return json.contains(key) && json[key].is_object() && json[key].size() == 1;
  };
  if (!has_one("id2label") || !has_one("label2id")) {
    json["id2label"] = {{"0", "LABEL_0"}};
    json["label2id"] = {{"LABEL_0", 0}};
  }
  if (json.contains("num_labels")) json["num_labels"] = 1;
}

}  // namespace prefopt::inline v0_2::detail
