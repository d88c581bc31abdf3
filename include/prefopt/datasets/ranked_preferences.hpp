// SPDX-License-Identifier: MIT
#pragma once
// read_ranked_preferences: reads prompts with two or more responses each from JSON: {"prompt",
// "responses"} as texts or message lists or {"prompt_ids", "responses_ids"} as token ids, and
// either "ranks", 1 for the best, or "scores", higher is better. Equal ranks or scores are ties.

#include <filesystem>

#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

/// Parses a list from one JSON object. Throws format_error, naming the object's location and the
/// member.
[[nodiscard]] ranked_record parse_ranked_preference(const json_object& object,
                                                    const column_names& names = {});

/// All remaining lists in a file, each with its line. Throws as read_preferences does.
[[nodiscard]] preference_records<ranked_record> read_ranked_preferences(
    json_file& file, const column_names& names = {});

/// The same for a file that is opened for it.
[[nodiscard]] preference_records<ranked_record> read_ranked_preferences(
    const std::filesystem::path& path, line_limits limits = {}, const column_names& names = {});

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/ranked_preferences_definitions.hpp"
#endif
