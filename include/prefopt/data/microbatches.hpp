// SPDX-License-Identifier: MIT
#pragma once
// microbatches: cuts a step's examples into micro-batches, by number or by what they cost in memory. The cut changes
// neither order nor results, only how much is in flight at once.

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/data/pack.hpp"

namespace prefopt {

/// Limits of a micro-batch; both hold.
struct microbatch_options {
  std::size_t examples = 0;              ///< at most so many; 0: any number
  std::size_t tokens = 0;                ///< at most so many packed tokens, but for an example larger than that; 0: any
  std::vector<std::int32_t> roles = {};  ///< which responses will be packed; empty: all
};

/// Cuts `members` (indices into `examples`) into runs, each as long as the limits allow, in the given order. An example
/// that alone exceeds the token limit goes alone, never split. Throws what `pack` throws.
/// Cost: a few packings of each micro-batch.
template <std::ranges::random_access_range Examples>
requires example_like<std::ranges::range_value_t<Examples>> && std::ranges::sized_range<Examples>
[[nodiscard]] std::vector<std::vector<std::size_t>> microbatches(const Examples& examples,
                                                                 std::span<const std::size_t> members,
                                                                 const microbatch_options& options) {
  const auto packed_tokens = [&](std::span<const std::size_t> some) {
    return pack(examples, some, {.roles = options.roles}).tokens.size();
  };
  std::vector<std::vector<std::size_t>> cut;
  std::size_t most_tokens = 0;  // at least what the current micro-batch packs to
  for (const std::size_t member : members) {
    const bool full = options.examples != 0 && !cut.empty() && cut.back().size() == options.examples;
    if (options.tokens == 0) {
      if (cut.empty() || full) cut.emplace_back();
      cut.back().push_back(member);
      continue;
    }
    const std::size_t alone = packed_tokens(std::span(&member, 1));
    if (!cut.empty() && !full) {
      cut.back().push_back(member);
      most_tokens += alone;
      // Packing shares, so the sum is a bound; only where it is passed does sharing have to be counted.
      if (most_tokens > options.tokens) most_tokens = packed_tokens(cut.back());
      if (most_tokens <= options.tokens) continue;
      cut.back().pop_back();
    }
    cut.push_back({member});
    most_tokens = alone;
  }
  return cut;
}

}  // namespace prefopt
