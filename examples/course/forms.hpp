// SPDX-License-Identifier: MIT
#pragma once
// Pairs in the other forms that losses read.

#include <prefopt/prefopt.hpp>

#include <cstddef>
#include <vector>

namespace course {

/// The same in the form that holds any examples.
template <class Examples>
[[nodiscard]] std::vector<prefopt::tokenized_example> as_examples(const Examples& examples) {
  std::vector<prefopt::tokenized_example> all;
  for (const auto& example : examples) all.push_back(prefopt::as_example(example));
  return all;
}

/// Each pair as two unpaired examples, liked and not, with completions of other prompts beside them, cut to
/// `max_length`.
[[nodiscard]] inline std::vector<prefopt::tokenized_example> unpaired(const std::vector<prefopt::tokenized_pair>& pairs,
                                                                      std::size_t max_length) {
  std::vector<prefopt::tokenized_unpaired> all;
  for (const prefopt::tokenized_pair& pair : pairs) {
    all.push_back({pair.prompt, pair.chosen, true});
    all.push_back({pair.prompt, pair.rejected, false});
  }
  prefopt::add_mismatched(all, max_length);
  return as_examples(all);
}

}  // namespace course
