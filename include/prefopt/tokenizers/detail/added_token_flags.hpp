// SPDX-License-Identifier: MIT
#pragma once
// check_added_token_flags: rejects added tokens that also match adjacent text.

#include "prefopt/core/error.hpp"
#include "prefopt/io/json_object.hpp"

namespace prefopt::inline v0_2::detail {

/// Throws format_error for such a token, an object of tokenizer.json or tokenizer_config.json.
inline void check_added_token_flags(const json_object& token) {
  for (const char* flag : {"lstrip", "rstrip", "single_word"})
    if (token.optional_boolean(flag).value_or(false))
      throw format_error(concat(token.name(), ": ", flag, " is true, which is not supported"));
}

}  // namespace prefopt::inline v0_2::detail
