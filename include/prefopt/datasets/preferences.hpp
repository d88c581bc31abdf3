// SPDX-License-Identifier: MIT
#pragma once
// read_preferences: reads preference pairs from JSON, one object per line or a list of objects,
// plain or gzip. An object holds either texts ("prompt", "chosen", "rejected"), the same as message
// lists, or token ids ("prompt_ids", "chosen_ids", "rejected_ids"); if it holds both, the ids
// count. A file may mix the kinds line by line. A null member counts as absent.
// preference_columns.hpp describes how other members are handled.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "prefopt/data/dialogue_renderer.hpp"
#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Length in bytes of the common prefix of two UTF-8 texts, in whole code points.
[[nodiscard]] inline std::size_t common_prefix(std::string_view a, std::string_view b) {
  auto length = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  const auto inside = [](std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u;
  };
  while (length > 0 && (inside(a, length) || inside(b, length))) --length;
  return length;
}

}  // namespace detail

/// Splits two dialogues that begin alike into a prompt and two responses: the prompt is their
/// common prefix in code points, cut back to the end of its last "\n\nAssistant:" if it holds one,
/// otherwise to before a trailing space.
[[nodiscard]] inline preference_pair split_common_prompt(std::string_view chosen,
                                                         std::string_view rejected) {
  std::size_t length = detail::common_prefix(chosen, rejected);
  const std::size_t last = chosen.substr(0, length).rfind(assistant_turn);
  if (last != chosen.npos)
    length = last + assistant_turn.size();
  else if (length > 0 && chosen[length - 1] == ' ')
    --length;
  return {std::string(chosen.substr(0, length)), std::string(chosen.substr(length)),
          std::string(rejected.substr(length))};
}

/// Parses a pair from one JSON object. Throws format_error, naming the object's location and the
/// member.
[[nodiscard]] preference_record parse_preference(const json_object& object,
                                                 const column_names& names = {});

/// All remaining pairs in a file, each with its line, and a report. Throws io_error if the file
/// cannot be read, format_error with the line number if a value is not a pair, and format_error if
/// there are no pairs or the file exceeds its limits. Memory: the pairs and one line.
[[nodiscard]] preference_records<preference_record> read_preferences(
    json_file& file, const column_names& names = {});

/// The same for a file that is opened for it.
[[nodiscard]] preference_records<preference_record> read_preferences(
    const std::filesystem::path& path, line_limits limits = {}, const column_names& names = {});

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/preferences_definitions.hpp"
#endif
