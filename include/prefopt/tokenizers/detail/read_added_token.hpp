// SPDX-License-Identifier: MIT
#pragma once
// read_added_token: an added token's object in tokenizer.json or tokenizer_config.json.

#include "prefopt/data/example.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"

namespace prefopt::inline v0_2::detail {

/// The token with its flags. Throws format_error.
[[nodiscard]] inline added_token read_added_token(const json_object& token, token_id id) {
  const auto flag = [&](const char* key) { return token.optional_boolean(key).value_or(false); };
  return {.content = token.text("content"),
          .id = id,
          .special = flag("special"),
          .single_word = flag("single_word"),
          .lstrip = flag("lstrip"),
          .rstrip = flag("rstrip")};
}

}  // namespace prefopt::inline v0_2::detail
