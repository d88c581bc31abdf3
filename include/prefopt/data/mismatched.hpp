// SPDX-License-Identifier: MIT
#pragma once
// add_mismatched: gives unpaired examples the completions of other prompts, by which KTO measures
// how far the policy has moved from its reference whatever the answer (Ethayarajh et al. 2024,
// arXiv:2402.01306, section 4.2).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt {

namespace detail {

/// Indices of the examples in random order, but those of one prompt together, in random order among
/// each other; first those of the prompt that most examples have. `most` becomes their number.
[[nodiscard]] inline std::vector<std::size_t> shuffled_by_prompt(
    const std::vector<tokenized_unpaired>& examples, std::uint64_t seed, std::size_t& most) {
  const auto by_tokens = [](const token_ids* a, const token_ids* b) { return *a < *b; };
  std::map<const token_ids*, std::size_t, decltype(by_tokens)> group_of(by_tokens);
  std::vector<std::vector<std::size_t>> groups;
  for (const std::size_t i : shuffled_indices(examples.size(), seed, 0)) {
    const auto [found, is_new] = group_of.try_emplace(&examples[i].prompt, groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(i);
  }
  std::ranges::iter_swap(groups.begin(),
                         std::ranges::max_element(groups, {}, &std::vector<std::size_t>::size));
  most = groups.front().size();
  std::vector<std::size_t> order;
  for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
  return order;
}

}  // namespace detail

/// Sets every example's `mismatched` to the completion of an example with another prompt, drawn at
/// random whatever its label, cut to what `max_length` leaves beside its own prompt; to nothing
/// where all prompts are equal or no room is left. Every completion is given away once, unless more
/// than half of the examples have one prompt. The draw depends on the seed and the examples alone.
/// The examples' own tokens stay.
inline void add_mismatched(std::vector<tokenized_unpaired>& examples, std::size_t max_length,
                           std::uint64_t seed = 42) {
  const std::size_t count = examples.size();
  if (count == 0) return;
  std::size_t most = 0;
  const std::vector<std::size_t> order = detail::shuffled_by_prompt(examples, seed, most);
  for (std::size_t position = 0; position < count; ++position) {
    tokenized_unpaired& example = examples[order[position]];
    example.mismatched.clear();
    if (most == count) continue;
    // A step as wide as the largest group leaves every group, and lands in the largest again only
    // where that is more than half of all: its members then share what there is.
    std::size_t donor = (position + most) % count;
    if (position < most && donor < most) donor = most + position % (count - most);
    example.mismatched = examples[order[donor]].completion;
    const std::size_t room = max_length - std::min(example.prompt.size(), max_length);
    example.mismatched.resize(std::min(example.mismatched.size(), room));
  }
}

}  // namespace prefopt
