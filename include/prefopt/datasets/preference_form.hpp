// SPDX-License-Identifier: MIT
#pragma once
// form_of: the form of preferences in a file, judged by its first object.

#include <string_view>

#include "prefopt/datasets/column_names.hpp"
#include "prefopt/io/json_file.hpp"

namespace prefopt::inline v0_2 {

enum class preference_form {
  pairs,     ///< "chosen" and "rejected": read_preferences
  lists,     ///< "responses": read_ranked_preferences
  unpaired,  ///< "completion", or "output" or a dialogue: read_unpaired_preferences
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
[[nodiscard]] preference_form form_of(json_file& file, const column_names& names = {});

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/preference_form_definitions.hpp"
#endif
