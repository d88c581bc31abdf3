// SPDX-License-Identifier: MIT
#pragma once
// The definitions of vocabulary.

#include <limits>
#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/tokenizers/byte_symbols.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_INLINE vocabulary::vocabulary(const json_object& object, bool spells_bytes) {
  id_of_.reserve(object.json().size());
  bytes_of_.reserve(object.json().size());
  for (const auto& [text, id] : object.json().items()) {
    const std::string where = concat(object.name(), ": the id of ", quote_token(text));
    const auto number = to_integer(id, where, 0, std::numeric_limits<token_id>::max());
    add(text, spells_bytes ? from_byte_symbols(text).value_or(text) : text,
        static_cast<token_id>(number), object.name());
  }
}

}  // namespace prefopt::inline v0_2
