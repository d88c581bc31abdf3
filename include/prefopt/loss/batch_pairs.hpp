// SPDX-License-Identifier: MIT
#pragma once
// require_pair, pair_of, batch_pairs: turn examples of two responses into the pairs that pairwise
// losses read.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt::inline v0_2 {

/// Throws value_error, naming the loss, unless there are exactly two responses and the first is
/// better than the second: a tie is not a preference, and a response to another prompt is not
/// better than any.
template <class Response>
void require_pair(std::string_view loss, std::span<const Response> group) {
  if (group.size() != 2)
    throw value_error(
        concat(loss, ": an example with ", group.size(), " responses, expected a pair"));
  if (!(group[0].score > group[1].score))
    throw value_error(concat(loss, ": an example with scores ", group[0].score, " and ",
                             group[1].score, ", expected a pair with the better response first"));
}

/// An example's responses as a pair, the chosen one first. Throws like require_pair.
[[nodiscard]] inline pair_log_probs pair_of(std::string_view loss,
                                            std::span<const response_log_probs> group) {
  require_pair(loss, group);
  return {group[0].policy,    group[1].policy, group[0].reference,
          group[1].reference, group[0].tokens, group[1].tokens};
}

/// [P]. Throws like pair_of.
[[nodiscard]] inline std::vector<pair_log_probs> batch_pairs(std::string_view loss,
                                                             const response_groups& groups) {
  std::vector<pair_log_probs> pairs;
  pairs.reserve(groups.size());
  for (std::size_t e = 0; e < groups.size(); ++e) pairs.push_back(pair_of(loss, groups[e]));
  return pairs;
}

}  // namespace prefopt::inline v0_2
