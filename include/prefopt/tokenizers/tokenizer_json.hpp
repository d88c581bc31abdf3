// SPDX-License-Identifier: MIT
#pragma once
// read_tokenizer_json: reads a tokenizer.json of the tokenizers library whose model is BPE. What is
// not supported is rejected by its key, never ignored. Truncation and padding concern batches, not
// a text's ids, and are ignored.

#include <string>
#include <string_view>

#include "prefopt/io/json_fwd.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

/// The merges of a tokenizer.json: a list of texts "left right" or of pairs ["left", "right"].
/// Throws format_error with the merge's index in the list, from 0.
[[nodiscard]] merge_table read_merges_json(const nlohmann::json& list, std::string_view name,
                                           const vocabulary& tokens);

/// The content of a tokenizer.json. Throws format_error, naming the key, if the file is malformed
/// or has a part that is not supported.
[[nodiscard]] tokenizer_parts read_tokenizer_json(std::string_view text, const std::string& name);

}  // namespace prefopt::inline v0_2

#ifndef PREFOPT_COMPILED
#include "prefopt/tokenizers/detail/tokenizer_json_definitions.hpp"
#endif
