// SPDX-License-Identifier: MIT
#pragma once
// The definitions of form_of.

#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE preference_form form_of(json_file& file, const column_names& names) {
  const nlohmann::json* value = file.peek();
  if (value == nullptr)
    throw format_error(concat(file.name(), ": empty, expected one JSON object per line"));
  const json_object object(*value, file.location());
  const auto has_any = [&](auto... keys) {
    return ((names.name(names.column(keys)) == keys && object.has_value(names.column(keys))) ||
            ...);
  };
  if (has_any("chosen", "rejected", "chosen_ids", "rejected_ids")) return preference_form::pairs;
  if (has_any("responses", "responses_ids")) return preference_form::lists;
  if (has_any("completion", "completion_ids")) return preference_form::unpaired;
  if (has_any("label", "kto_tag") ? has_any("output", "conversations", "conversation", "messages")
                                  : has_any("instruction") && has_any("output"))
    return preference_form::unpaired;
  std::string keys;
  for (const auto& [key, member] : value->items())
    if (keys.size() < 160) keys += concat(keys.empty() ? "" : ", ", printable(key, 40));
  throw format_error(concat(object.name(), ": none of the keys chosen, responses or completion",
                            keys.empty() ? "" : "; its keys are ", keys,
                            keys.empty() ? "" : " (--columns gives other names)"));
}

}  // namespace prefopt::inline v0_2
