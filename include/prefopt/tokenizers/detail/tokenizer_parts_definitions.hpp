// SPDX-License-Identifier: MIT
#pragma once
// The definitions of tokenizer_parts.

#include <algorithm>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/tokenizers/added_tokens.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/tokenizer_parts.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Throws format_error if two files give one token different flags.
inline void check_same_flags(const added_token& known, const added_token& again,
                             std::string_view name) {
  const auto check = [&](std::string_view flag, bool before, bool now) {
    if (before == now) return;
    throw format_error(concat(name, ": the added token ", quote_token(again.content), " has ", flag,
                              now ? " true" : " false", ", but another file says ",
                              before ? "true" : "false", "; remove the outdated one"));
  };
  check("lstrip", known.lstrip, again.lstrip);
  check("rstrip", known.rstrip, again.rstrip);
  check("single_word", known.single_word, again.single_word);
}

}  // namespace detail

PREFOPT_INLINE void tokenizer_parts::add(const added_token& token, bool normalized,
                                         std::string_view name, bool states_flags) {
  const auto& [content, id, special, single_word, lstrip, rstrip] = token;
  if (content.empty()) throw format_error(concat(name, ": the added token ", id, " has no text"));
  if (content.size() > added_token_limit) {
    throw format_error(concat(name, ": the added token ", quote_token(content), " has ",
                              content.size(), " bytes, expected at most ", added_token_limit));
  }
  if (const auto known = tokens.find(content); !known) {
    tokens.add(content, content, id, name);
    only_added.insert(id);
  } else if (*known != id) {
    throw format_error(concat(name, ": the added token ", quote_token(content), " has the id ", id,
                              ", but in the vocabulary it is ", *known));
  } else if (*tokens.bytes(id) != content) {
    // Found as text it would be these bytes, merged it would be others: it could not be decoded.
    throw format_error(
        concat(name, ": the added token ", quote_token(content), " also spells other bytes"));
  }
  if (added_ids.insert(id).second) {
    (normalized ? then_added : first_added).push_back(token);
    return;
  }
  if (!states_flags) return;
  for (const auto* list : {&first_added, &then_added}) {
    const auto known = std::ranges::find(*list, id, &added_token::id);
    if (known != list->end()) detail::check_same_flags(*known, token, name);
  }
}

}  // namespace prefopt::inline v0_2
