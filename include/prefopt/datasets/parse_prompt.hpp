// SPDX-License-Identifier: MIT
#pragma once
// parse_prompt: a prompt to be answered, as a text or as a list of messages in JSON.

#include <string>
#include <variant>

#include "prefopt/data/conversation.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/io/json_fwd.hpp"

namespace prefopt::inline v0_2 {

/// The member "prompt" of an object, a text or a list of messages, or messages from the columns
/// that preference files may have in its place; with messages, what else a chat template reads of
/// the object: `tools`, `documents`, `chat_template_kwargs`. Other columns are not looked at.
/// Throws format_error as parse_messages does, and for an object without a prompt, and value_error
/// for names of columns that prompts do not have.
[[nodiscard]] std::variant<std::string, conversation> parse_prompt(const json_object& object,
                                                                   const column_names& names = {});

/// Throws value_error for names of columns that prompts do not have.
void check_prompt_names(const column_names& names);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/parse_prompt_definitions.hpp"
#endif
