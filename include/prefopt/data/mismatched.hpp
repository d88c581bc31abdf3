// SPDX-License-Identifier: MIT
#pragma once
// add_mismatched: gives unpaired examples the completions of other prompts, by which KTO measures how far the policy
// has moved from its reference whatever the answer (Ethayarajh et al. 2024, arXiv:2402.01306, section 4.2).

#include <algorithm>
#include <cstddef>
#include <vector>

#include "prefopt/data/example.hpp"

namespace prefopt {

/// Sets every example's `mismatched` to the completion of the nearest example before it, in a circle, that has another
/// prompt, cut to what `max_length` leaves beside its own prompt; to nothing where all prompts are equal or no room is
/// left. The examples' own tokens stay.
inline void add_mismatched(std::vector<tokenized_unpaired>& examples, std::size_t max_length) {
  const std::size_t count = examples.size();
  std::size_t donor = count;  // none yet
  for (std::size_t step = 1; step < count && donor == count; ++step)
    if (examples[count - step].prompt != examples[0].prompt) donor = count - step;
  for (std::size_t i = 0; i < count; ++i) {
    tokenized_unpaired& example = examples[i];
    if (i > 0 && examples[i - 1].prompt != example.prompt) donor = i - 1;
    if (donor == count) {
      example.mismatched.clear();
      continue;
    }
    example.mismatched = examples[donor].completion;
    const std::size_t room = max_length - std::min(example.prompt.size(), max_length);
    example.mismatched.resize(std::min(example.mismatched.size(), room));
  }
}

}  // namespace prefopt
