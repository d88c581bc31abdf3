// SPDX-License-Identifier: MIT
#pragma once
// The small files next to a tokenizer's vocabulary: tokenizer_config.json, special_tokens_map.json,
// added_tokens.json and generation_config.json of Hugging Face transformers. They add tokens and
// name those with a role (eos_token).

#include <string>
#include <string_view>

#include "prefopt/tokenizers/tokenizer_parts.hpp"

namespace prefopt::inline v0_2 {

/// Reads a tokenizer_config.json. Throws format_error, naming the key, if it is malformed or
/// contradicts tokenizer.json; without that, if it describes a tokenizer other than GPT-2's.
void read_tokenizer_config(tokenizer_parts& parts, std::string_view text, const std::string& name);

/// Reads a special_tokens_map.json. Throws format_error, also if it names another eos_token than
/// tokenizer_config.json does.
void read_special_tokens_map(tokenizer_parts& parts, std::string_view text,
                             const std::string& name);

/// Reads an added_tokens.json: `{"text": id, ...}`. Throws format_error.
void read_added_tokens(tokenizer_parts& parts, std::string_view text, const std::string& name);

/// Reads the ids that end a text, `eos_token_id`, from a generation_config.json. Throws
/// format_error.
void read_generation_config(tokenizer_parts& parts, std::string_view text, const std::string& name);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/tokenizer_config_definitions.hpp"
#endif
