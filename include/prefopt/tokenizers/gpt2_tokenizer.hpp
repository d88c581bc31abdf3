// SPDX-License-Identifier: MIT
#pragma once
// gpt2_tokenizer: GPT-2's byte-level byte-pair encoding (Radford et al. 2019, section 2.2), the
// tokenizer of a folder without a tokenizer.json.

#include "prefopt/tokenizers/hf_tokenizer.hpp"

namespace prefopt::inline v0_2 {

/// The same class: vocab.json and merges.txt are a tokenizer with GPT-2's parts.
using gpt2_tokenizer = hf_tokenizer;

}  // namespace prefopt::inline v0_2
