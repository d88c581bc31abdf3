// SPDX-License-Identifier: MIT
#pragma once
// The definition of parse_prompt.

#include <string>
#include <variant>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/detail/dialogue_members.hpp"
#include "prefopt/datasets/detail/form_columns.hpp"
#include "prefopt/datasets/detail/ordered_text.hpp"
#include "prefopt/datasets/detail/standard_record.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/datasets/parse_prompt.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE void check_prompt_names(const column_names& names) {
  detail::check_names(names, detail::prompt_only_columns, "prompts");
}

PREFOPT_INLINE std::variant<std::string, conversation> parse_prompt(const json_object& object,
                                                                    const column_names& names) {
  check_prompt_names(names);
  detail::standard_record record(object, names, detail::prompt_only_columns);
  const json_object& read = record.object();
  if (!read.at("prompt").is_array()) return read.text("prompt");
  conversation prompt{parse_messages(read.list("prompt"), read.location("prompt"))};
  detail::ordered_text texts(record);
  texts.restore(read.at("prompt"), prompt.messages);
  detail::add_variables(read, texts, prompt);
  return prompt;
}

}  // namespace prefopt::inline v0_2
