// SPDX-License-Identifier: MIT
#pragma once
// microbatches: splits a step's examples into micro-batches, by number or by memory cost. Examples
// with the same prompt are adjacent, so that the prompt is computed once for as many of them as
// there is room for; nothing that is summed over a step depends on the split.

#include <cstddef>
#include <cstdint>
#include <map>
#include <ranges>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/data/response_selection.hpp"

namespace prefopt::inline v0_2 {

/// Limits of a micro-batch; both apply.
struct microbatch_options {
  std::size_t examples = 0;  ///< at most this many; 0: any number
  /// at most this many packed tokens, unless a single example is larger; 0: any number
  std::size_t tokens = 0;
  response_selection responses = {};  ///< which responses will be packed
};

/// `members` (indices into `examples`) in the given order, except that examples with equal prompts
/// directly follow the first of them. Throws value_error for an index out of range.
template <std::ranges::random_access_range Examples>
  requires example_like<std::ranges::range_value_t<Examples>> && std::ranges::sized_range<Examples>
[[nodiscard]] std::vector<std::size_t> prompts_together(const Examples& examples,
                                                        std::span<const std::size_t> members) {
  const auto prompt_of = [&](std::size_t member) -> const token_ids& {
    return std::ranges::begin(
               examples)[static_cast<std::ranges::range_difference_t<Examples>>(member)]
        .prompt;
  };
  const auto by_tokens = [](const token_ids* a, const token_ids* b) { return *a < *b; };
  std::map<const token_ids*, std::size_t, decltype(by_tokens)> group_of(by_tokens);
  std::vector<std::vector<std::size_t>> groups;
  for (const std::size_t member : members) {
    if (member >= std::ranges::size(examples))
      throw value_error(
          concat("microbatches: example ", member, " of ", std::ranges::size(examples)));
    const auto [found, fresh] = group_of.try_emplace(&prompt_of(member), groups.size());
    if (fresh) groups.emplace_back();
    groups[found->second].push_back(member);
  }
  std::vector<std::size_t> together;
  together.reserve(members.size());
  for (const auto& group : groups) together.insert(together.end(), group.begin(), group.end());
  return together;
}

/// Splits `prompts_together(examples, members)` into runs, each as long as the limits allow. An
/// example that exceeds the token limit by itself gets its own run; it is never split. Throws what
/// `pack` throws. Cost: packs each example alone, and a micro-batch again for each member that
/// would push the sum of these over the limit.
template <std::ranges::random_access_range Examples>
  requires example_like<std::ranges::range_value_t<Examples>> && std::ranges::sized_range<Examples>
[[nodiscard]] std::vector<std::vector<std::size_t>> microbatches(
    const Examples& examples, std::span<const std::size_t> members,
    const microbatch_options& options) {
  const auto packed_tokens = [&](std::span<const std::size_t> some) {
    return pack(examples, some, {.responses = options.responses}).tokens.size();
  };
  std::vector<std::vector<std::size_t>> cut;
  std::size_t most_tokens = 0;  // upper bound on the current micro-batch's packed tokens
  for (const std::size_t member : prompts_together(examples, members)) {
    const bool full =
        options.examples != 0 && !cut.empty() && cut.back().size() == options.examples;
    if (options.tokens == 0) {
      if (cut.empty() || full) cut.emplace_back();
      cut.back().push_back(member);
      continue;
    }
    const std::size_t alone = packed_tokens(std::span(&member, 1));
    if (!cut.empty() && !full) {
      cut.back().push_back(member);
      most_tokens += alone;
      // Packing shares tokens, so the sum is an upper bound; sharing only has to be counted if the
      // sum exceeds the limit.
      if (most_tokens > options.tokens) most_tokens = packed_tokens(cut.back());
      if (most_tokens <= options.tokens) continue;
      cut.back().pop_back();
    }
    cut.push_back({member});
    most_tokens = alone;
  }
  return cut;
}

}  // namespace prefopt::inline v0_2
