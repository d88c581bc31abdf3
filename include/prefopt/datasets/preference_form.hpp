// SPDX-License-Identifier: MIT
#pragma once
// form_of: the form of preferences in a file, judged by its first object.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt {

enum class preference_form {
  pairs,     ///< "chosen" and "rejected": read_preferences
  lists,     ///< "responses": read_ranked_preferences
  unpaired,  ///< "completion": read_unpaired_preferences
};

[[nodiscard]] inline std::string_view name_of(preference_form form) {
  switch (form) {
    case preference_form::pairs:
      return "pairs";
    case preference_form::lists:
      return "lists";
    case preference_form::unpaired:
      break;
  }
  return "unpaired examples";
}

/// The form of the file's next object, which is not consumed. Throws io_error if the file cannot be
/// read, format_error if the value is not a JSON object, has no known form, or does not exist.
[[nodiscard]] inline preference_form form_of(json_file& file) {
  const nlohmann::json* value = file.peek();
  if (value == nullptr)
    throw format_error(concat(file.name(), ": empty, expected one JSON object per line"));
  const json_object object(*value, file.location());
  const auto has_any = [&](auto... keys) { return (object.has_value(keys) || ...); };
  if (has_any("chosen", "rejected", "chosen_ids", "rejected_ids")) return preference_form::pairs;
  if (has_any("responses", "responses_ids")) return preference_form::lists;
  if (has_any("completion", "completion_ids")) return preference_form::unpaired;
  std::string keys;
  for (const auto& [key, member] : value->items())
    if (keys.size() < 160) keys += concat(keys.empty() ? "" : ", ", printable(key, 40));
  throw format_error(concat(object.name(), ": none of the keys chosen, responses or completion",
                            keys.empty() ? "" : "; its keys are ", keys));
}

}  // namespace prefopt
