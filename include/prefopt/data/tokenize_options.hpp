// SPDX-License-Identifier: MIT
#pragma once
// tokenize_options: how tokenize reads examples.

#include <cstddef>

#include "prefopt/data/truncate.hpp"

namespace prefopt::inline v0_2 {

struct tokenize_options {
  std::size_t max_length = 1024;  ///< tokens of a prompt and one response
  prefopt::truncation truncation = prefopt::truncation::keep_start;
  std::size_t vocabulary_size = 0;  ///< the model's; 0: the tokenizer's, or unknown without one
  /// Special tokens that a text spells out become ordinary text, as with the transformers option of
  /// the same name.
  bool split_special_tokens = false;
  /// If the chat template renders the generation prompt differently when an answer follows, the
  /// example is refused, or, if this is set, the part that differs is left out of the prompt.
  bool drop_prompt_tail = false;
  /// The targets of a response of several messages are the assistant's turns alone, as with TRL's
  /// assistant_only_loss. If it is not set, a response with other turns is refused.
  bool assistant_only = false;
  /// White space that a chat template writes behind the last special token of a response, a newline
  /// as a rule, is no target; with assistant_only, that of each of the assistant's turns.
  bool trim_after_end_of_turn = false;
  /// Nothing is dropped: an example whose responses are all equal is kept, and one with a response
  /// that has no token left to predict is an error.
  bool keep_all = false;
};

}  // namespace prefopt::inline v0_2
