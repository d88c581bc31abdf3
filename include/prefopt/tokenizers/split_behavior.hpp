// SPDX-License-Identifier: MIT
#pragma once
// split_behavior: what becomes of the matches at which a text is split.

#include <optional>
#include <string_view>

#include "prefopt/data/tokenizer.hpp"
#include "prefopt/tokenizers/text_pattern.hpp"

namespace prefopt::inline v0_2 {

enum class split_behavior {
  removed,               ///< matches are left out
  isolated,              ///< each match is a piece
  merged_with_previous,  ///< a match belongs to the piece before it
  merged_with_next,      ///< a match belongs to the piece after it
  contiguous             ///< adjacent matches are one piece
};

/// Calls `visit(std::string_view piece)` for the pieces of `text`, none empty, in order. `invert`
/// exchanges matches and what is between them. Throws as text_pattern does.
template <class Visitor>
void split_text(std::string_view text, const text_pattern& pattern, split_behavior behavior,
                bool invert, Visitor&& visit) {
  std::optional<text_range> held;  // may still grow
  bool held_is_match = false;
  const auto emit = [&](text_range range) {
    if (range.begin < range.end) visit(text.substr(range.begin, range.end - range.begin));
  };
  const auto joins = [&](bool is_match) {
    if (behavior == split_behavior::contiguous) return is_match == held_is_match;
    if (behavior == split_behavior::merged_with_previous) return is_match && !held_is_match;
    return held_is_match && !is_match;  // merged_with_next
  };
  pattern.for_each(text, [&](text_range range, bool found) {
    const bool is_match = found != invert;
    if (behavior == split_behavior::removed) {
      if (!is_match) emit(range);
    } else if (behavior == split_behavior::isolated) {
      emit(range);
    } else {
      if (held && joins(is_match)) {
        held->end = range.end;
      } else {
        if (held) emit(*held);
        held = range;
      }
      held_is_match = is_match;
    }
  });
  if (held) emit(*held);
}

}  // namespace prefopt::inline v0_2
