// SPDX-License-Identifier: MIT
#pragma once
// Message lists, [{"role": "user", "content": "Hi"}, ...], from JSON. ShareGPT's names are read,
// too: [{"from": "human", "value": "Hi"}, ...].

#include <string>
#include <vector>

#include "prefopt/data/conversation.hpp"
#include "prefopt/io/json_fwd.hpp"

namespace prefopt::inline v0_2 {

/// Parses a message list, or a message alone; `where` begins messages about it. What only a chat
/// template can write (other roles, tool calls, contents of several parts) is kept, with the reason
/// for renderers that cannot. Throws format_error for anything that is not a list of messages, for
/// members that would make messages count for less, and for messages without contents.
[[nodiscard]] std::vector<chat_message> parse_messages(const nlohmann::json& list,
                                                       const std::string& where);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/datasets/detail/messages_definitions.hpp"
#endif
