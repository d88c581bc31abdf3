// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component text/: byte-level byte-pair encoding. Needs PCRE2 and
// nlohmann_json.

#include "prefopt/text/gpt2_tokenizer.hpp"
