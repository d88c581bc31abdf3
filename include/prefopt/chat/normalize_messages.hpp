// SPDX-License-Identifier: MIT
#pragma once
// normalize_messages: what transformers 5 does to messages before it renders them.

#include <nlohmann/json_fwd.hpp>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// The messages without members that are null, which templates would print as None. A message that
/// has its reasoning as `reasoning_content`, `thinking` or `reasoning` (the first that it has) gets
/// the first two of these names. Throws value_error if `messages` is not a list of objects.
[[nodiscard]] nlohmann::ordered_json normalize_messages(const nlohmann::ordered_json& messages);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/chat/detail/normalize_messages_definitions.hpp"
#endif
