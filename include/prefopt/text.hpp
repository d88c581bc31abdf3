// SPDX-License-Identifier: MIT
#pragma once
// Door of the leaf text/: byte-level byte-pair encoding. Needs PCRE2 and nlohmann_json.

#include "prefopt/text/gpt2_tokenizer.hpp"
