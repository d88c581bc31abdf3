// SPDX-License-Identifier: MIT
#pragma once
// add_mismatched: gives unpaired examples the completions of other prompts, by which KTO measures
// how far the policy has moved from its reference regardless of the answer (Ethayarajh et al. 2024,
// arXiv:2402.01306, section 4.2).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/target_runs.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Indices of the examples in random order, grouped by prompt and in random order within each
/// group; the group of the most frequent prompt comes first. Sets `most` to the size of that group.
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

/// The targets of the mismatched completion are those of its donor. If only one of the two examples
/// names its targets, all tokens of the other's completion are.
inline void set_mismatched_targets(tokenized_unpaired& example, const tokenized_unpaired& donor) {
  if (example.mismatched.empty() || (example.targets.empty() && donor.targets.empty())) return;
  const auto all_of = [](const token_ids& tokens) { return target_runs{{0, tokens.size()}}; };
  if (example.targets.empty()) example.targets.push_back(all_of(example.completion));
  target_runs runs =
      donor.targets.empty() ? all_of(example.mismatched) : target_runs(donor.targets[0]);
  cut_runs(runs, example.mismatched.size());
  example.targets.push_back(std::move(runs));
}

}  // namespace detail

/// Sets every example's `mismatched` to the completion of an example with another prompt, drawn at
/// random regardless of its label and cut to the room that the example's own prompt leaves in
/// `max_length`; to nothing if all prompts are equal or no room is left. Every completion is used
/// once, unless more than half of the examples have the same prompt. The draw depends only on the
/// seed and the examples. The examples' own tokens do not change.
inline void add_mismatched(std::vector<tokenized_unpaired>& examples, std::size_t max_length,
                           std::uint64_t seed = 42) {
  const std::size_t count = examples.size();
  if (count == 0) return;
  std::size_t most = 0;
  const std::vector<std::size_t> order = detail::shuffled_by_prompt(examples, seed, most);
  for (std::size_t position = 0; position < count; ++position) {
    tokenized_unpaired& example = examples[order[position]];
    example.mismatched.clear();
    if (example.targets.size() > 1) example.targets.pop_back();
    if (most == count) continue;
    // A step as wide as the largest group leaves every group. It lands in the largest one again
    // only if that is more than half of all; its members then share the other completions.
    std::size_t donor = (position + most) % count;
    if (position < most && donor < most) donor = most + position % (count - most);
    example.mismatched = examples[order[donor]].completion;
    const std::size_t room = max_length - std::min(example.prompt.size(), max_length);
    example.mismatched.resize(std::min(example.mismatched.size(), room));
    detail::set_mismatched_targets(example, examples[order[donor]]);
  }
}

}  // namespace prefopt::inline v0_2
