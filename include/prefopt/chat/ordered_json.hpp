// SPDX-License-Identifier: MIT
#pragma once
// parse_ordered_json: JSON whose objects keep the order of their members, which templates show.

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "prefopt/io/json_limits.hpp"

namespace prefopt::inline v0_2 {

/// The value of a JSON text, with the checks of parse_json. `name` (a file's) begins every message.
/// Throws format_error.
[[nodiscard]] nlohmann::ordered_json parse_ordered_json(std::string_view text,
                                                        std::string_view name,
                                                        json_limits limits = {});

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/chat/detail/ordered_json_definitions.hpp"
#endif
