// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component tokenizers/: byte-level byte-pair encoding. Needs PCRE2.

#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/byte_pairs.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/gpt2_tokenizer.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/merges.hpp"
#include "prefopt/tokenizers/pre_tokenizer.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_config.hpp"
#include "prefopt/tokenizers/tokenizer_files.hpp"
#include "prefopt/tokenizers/tokenizer_json.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"
#include "prefopt/tokenizers/utf8.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"
