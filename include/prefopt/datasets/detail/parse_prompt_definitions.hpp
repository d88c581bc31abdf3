// SPDX-License-Identifier: MIT
#pragma once
// The definition of parse_prompt.

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/datasets/detail/dialogue_members.hpp"
#include "prefopt/datasets/detail/ordered_text.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/datasets/parse_prompt.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE conversation parse_prompt(const json_object& object) {
  conversation prompt{parse_messages(object.list("prompt"), concat(object.name(), ": prompt"))};
  detail::ordered_text texts(object);
  texts.restore(object.at("prompt"), prompt.messages);
  detail::add_variables(object, texts, prompt);
  return prompt;
}

}  // namespace prefopt::inline v0_2
