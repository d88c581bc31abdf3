// SPDX-License-Identifier: MIT
#pragma once
// form_of: which form of preferences a file holds, by its first object.

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/files/json.hpp"
#include "prefopt/files/json_object.hpp"
#include "prefopt/io/json_lines.hpp"
#include "prefopt/io/line_reader.hpp"

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
  return "unpaired";
}

/// Throws io_error where the file cannot be read, format_error where its first line is no JSON object, where that is of
/// no form, and where there is none.
[[nodiscard]] inline preference_form form_of(const std::filesystem::path& path, line_limits limits = {}) {
  line_reader lines(path, limits);
  std::string line;
  if (!detail::next_filled(lines, line))
    throw format_error(join(path.native(), ": empty, a JSON object a line was wanted"));
  const nlohmann::json json = parse_json(line, lines.place());
  const json_object object(json, lines.place());
  const auto has_any = [&](auto... keys) { return (object.has(keys) || ...); };
  if (has_any("chosen", "rejected", "chosen_ids", "rejected_ids")) return preference_form::pairs;
  if (has_any("responses", "responses_ids")) return preference_form::lists;
  if (has_any("completion", "completion_ids")) return preference_form::unpaired;
  throw format_error(join(object.name(), ": none of the keys chosen, responses and completion"));
}

}  // namespace prefopt
