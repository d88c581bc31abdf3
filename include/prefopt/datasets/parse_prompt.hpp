// SPDX-License-Identifier: MIT
#pragma once
// parse_prompt: a prompt to be answered, as a list of messages in JSON.

#include "prefopt/data/conversation.hpp"
#include "prefopt/io/json_fwd.hpp"

namespace prefopt::inline v0_2 {

/// The member "prompt" of an object, a list of messages, with what else a chat template reads of
/// the object: `tools`, `documents`, `chat_template_kwargs`. Throws format_error as parse_messages
/// does.
[[nodiscard]] conversation parse_prompt(const json_object& object);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/parse_prompt_definitions.hpp"
#endif
