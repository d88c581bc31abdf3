// SPDX-License-Identifier: MIT
#pragma once
// pack: turns token sequences into a prefix tree. Sequences of one example share their longest
// common token prefix, no matter how much of it is prompt. Sequences of different examples share
// only from 16 common tokens up; otherwise every dialogue that opens with the same words would hang
// on one root. Sharing is transitive: if a shares with b, and b with c, then all three are in one
// tree, where a and c share what they have in common.
//
// Legend: S sequences, L the sum of their lengths.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/detail/prefix_forest.hpp"
#include "prefopt/data/detail/sharing_order.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/packable_sequence.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/data/response_selection.hpp"
#include "prefopt/data/target_runs.hpp"

namespace prefopt::inline v0_2 {

/// Packs the sequences and keeps their order. The targets are the tokens of a response, or the runs
/// of them that its sequence names, each predicted from the row of the token before: the first
/// token of a response to an empty prompt is no target. The tree does not depend on the order of
/// its sequences. Throws value_error for a sequence without a token, for targets that its response
/// does not have, and for 2^31 tokens or more. Cost: O(L log S), no recursion.
[[nodiscard]] inline prefix_tree_batch pack(std::span<const packable_sequence> sequences) {
  std::size_t total = 0;
  for (const packable_sequence& sequence : sequences) {
    if (sequence.size() == 0) {
      throw value_error(concat("pack: response ", sequence.response_index, " of example ",
                               sequence.example,
                               " and its prompt have no token, expected at least one"));
    }
    if (sequence.targets)
      check_runs(*sequence.targets, sequence.response.size(), "pack: response ",
                 sequence.response_index, " of example ", sequence.example);
    total += sequence.size();
    if (total > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
      throw value_error(
          concat("pack: ", total, " tokens or more in one batch, expected less than 2^31"));
    }
  }

  const detail::flat_sequences flat(sequences, total);
  detail::prefix_forest forest(sequences);
  for (const auto& [s, shared] : detail::sharing_order(sequences, flat))
    forest.add(s, flat.tokens(s), shared);
  return std::move(forest).finish();
}

struct pack_options {
  response_selection responses = {};  ///< which responses of each example
};

/// Packs responses of the examples that `members` lists by their index in the data set, which
/// becomes the sequences' `example`. Order: by member, then by response index. Throws value_error
/// for a member or response index out of range, for an example with no selected response, and for
/// an empty response, which no loss could compare; and throws as above.
template <std::ranges::random_access_range Examples>
  requires example_like<std::ranges::range_value_t<Examples>> && std::ranges::sized_range<Examples>
[[nodiscard]] prefix_tree_batch pack(const Examples& examples, std::span<const std::size_t> members,
                                     const pack_options& options = {}) {
  const std::size_t count = std::ranges::size(examples);
  std::vector<packable_sequence> sequences;
  for (const std::size_t member : members) {
    if (member >= count || !std::in_range<std::int32_t>(member))
      throw value_error(concat("pack: example ", member, " of ", count));
    const auto& example = std::ranges::begin(
        examples)[static_cast<std::ranges::range_difference_t<Examples>>(member)];
    const std::size_t responses = response_count(example);
    const auto add = [&](std::int32_t index) {
      if (std::cmp_less(index, 0) || std::cmp_greater_equal(index, responses)) {
        throw value_error(concat("pack: response index ", index, " of example ", member,
                                 ", which has ", responses, " responses"));
      }
      const token_ids& prompt = example.prompt;
      const token_ids& answer = response(example, static_cast<std::size_t>(index));
      if (answer.empty())
        throw value_error(concat("pack: response ", index, " of example ", member,
                                 " is empty, expected at least one token, such as its end token"));
      sequences.push_back({static_cast<std::int32_t>(member), index, prompt, answer,
                           response_targets(example, static_cast<std::size_t>(index))});
    };
    const std::size_t before = sequences.size();
    options.responses.for_each(example, add);
    if (sequences.size() == before)
      throw value_error(concat("pack: example ", member,
                               " has no response to its prompt, expected at least one"));
  }
  return pack(sequences);
}

}  // namespace prefopt::inline v0_2
