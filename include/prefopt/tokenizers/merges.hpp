// SPDX-License-Identifier: MIT
#pragma once
// The merges of a byte-pair encoding, from merges.txt; tokenizer_json.hpp reads those of a
// tokenizer.json. Earlier ones have smaller ranks; if a merge is repeated, the last counts, as in
// the tokenizers library.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/io/describe_foreign.hpp"
#include "prefopt/tokenizers/merge_table.hpp"
#include "prefopt/tokenizers/quote_token.hpp"
#include "prefopt/tokenizers/vocabulary.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Adds "left right" to the table; `where` begins the message if one of the three tokens is
/// unknown.
inline void insert_merge(merge_table& merges, std::string_view left, std::string_view right,
                         std::uint32_t rank, const vocabulary& tokens, std::string_view where) {
  const auto id = [&](std::string_view text) {
    if (const auto found = tokens.find(text)) return *found;
    throw format_error(concat(where, ": ", quote_token(text), " is not in the vocabulary"));
  };
  const token_id merged = id(concat(left, right));
  merges.insert(id(left), id(right), {rank, merged});
}

/// Adds a merge that is spelled as one text, "left right".
inline void insert_merge(merge_table& merges, std::string_view line, std::uint32_t rank,
                         const vocabulary& tokens, std::string_view where) {
  const std::size_t space = line.find(' ');
  if (space == line.npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != line.npos) {
    throw format_error(
        concat(where, ": ", quote_token(line), ", expected two tokens with a space between"));
  }
  insert_merge(merges, line.substr(0, space), line.substr(space + 1), rank, tokens, where);
}

}  // namespace detail

/// The merges of a merges.txt: one per line, "left right", after a first line that may be
/// "#version: ...". Throws format_error with the line number.
[[nodiscard]] inline merge_table read_merges_text(std::string_view text, std::string_view name,
                                                  const vocabulary& tokens) {
  const bool versioned = text.starts_with("#version");
  if (const auto foreign = describe_foreign(text); !versioned && !foreign.empty())
    throw format_error(concat(name, ": ", foreign, "; expected merges"));
  merge_table merges;
  std::uint32_t number = 0;
  while (!text.empty()) {
    ++number;
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && versioned)) continue;
    detail::insert_merge(merges, line, number, tokens, concat(name, ": line ", number));
  }
  return merges;
}

}  // namespace prefopt::inline v0_2
