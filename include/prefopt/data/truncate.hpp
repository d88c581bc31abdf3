// SPDX-License-Identifier: MIT
#pragma once
// truncate: cuts a pair to a model's context.

#include <algorithm>
#include <cstddef>

#include "prefopt/data/example.hpp"

namespace prefopt {

/// What stays of a sequence that is too long. `keep_start`: each sequence loses its end. `keep_end`: the prompt loses
/// its start, for both responses alike, down to one token if it must; what is still too long loses its end.
enum class truncation { keep_start, keep_end };

/// Cuts prompt + response to `max_length` tokens on both sides; tells whether anything was cut. A response may be left
/// without a token.
inline bool truncate(tokenized_pair& pair, std::size_t max_length, truncation which) {
  const std::size_t longer = std::max(pair.chosen.size(), pair.rejected.size());
  if (pair.prompt.size() + longer <= max_length) return false;
  if (which == truncation::keep_end) {
    const std::size_t room = std::max<std::size_t>(max_length - std::min(longer, max_length), 1);
    const std::size_t cut = pair.prompt.size() - std::min(pair.prompt.size(), room);
    pair.prompt.erase(pair.prompt.begin(), pair.prompt.begin() + static_cast<std::ptrdiff_t>(cut));
  }
  pair.prompt.resize(std::min(pair.prompt.size(), max_length));
  const std::size_t left = max_length - pair.prompt.size();
  pair.chosen.resize(std::min(pair.chosen.size(), left));
  pair.rejected.resize(std::min(pair.rejected.size(), left));
  return true;
}

}  // namespace prefopt
