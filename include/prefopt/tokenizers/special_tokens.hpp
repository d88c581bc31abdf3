// SPDX-License-Identifier: MIT
#pragma once
// special_tokens: the tokens that have a role in a model's texts, as the files next to a tokenizer
// name them.

#include <optional>
#include <string>
#include <vector>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// A token with a role.
struct role_token {
  std::string text;
  std::optional<token_id> id;  ///< none: the vocabulary lacks it
};

/// What tokenizer_config.json, special_tokens_map.json and generation_config.json say.
struct special_tokens {
  std::optional<role_token> bos;  ///< bos_token, begins a text
  std::optional<role_token> eos;  ///< eos_token, ends a text
  std::optional<role_token> pad;  ///< pad_token, fills up a batch
  std::optional<role_token> unk;  ///< unk_token, an unknown character
  /// The ids that end a generated text: eos_token_id of generation_config.json, else the id of eos.
  std::vector<token_id> eos_ids;
  std::optional<bool> add_bos_token;  ///< as tokenizer_config.json says; the post-processor agrees
  std::optional<bool> add_eos_token;  ///< likewise
};

}  // namespace prefopt::inline v0_2
