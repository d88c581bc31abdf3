// SPDX-License-Identifier: MIT
#pragma once
// read_unpaired_preferences: reads prompts with one response each, rated desirable or not, from
// JSON: {"prompt", "completion"} as texts or message lists or {"prompt_ids", "completion_ids"} as
// token ids, and "label", true for desirable.

#include <filesystem>

#include "prefopt/data/preference_record.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/line_limits.hpp"

namespace prefopt::inline v0_2 {

/// Parses an example from one JSON object. Throws format_error, naming the object's location and
/// the member.
[[nodiscard]] unpaired_record parse_unpaired_preference(const json_object& object,
                                                        const column_names& names = {});

/// All remaining examples in a file, each with its line. Throws as read_preferences does.
[[nodiscard]] preference_records<unpaired_record> read_unpaired_preferences(
    json_file& file, const column_names& names = {});

/// The same for a file that is opened for it.
[[nodiscard]] preference_records<unpaired_record> read_unpaired_preferences(
    const std::filesystem::path& path, line_limits limits = {}, const column_names& names = {});

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/unpaired_preferences_definitions.hpp"
#endif
