// SPDX-License-Identifier: MIT
#pragma once
// require_pair, pair_of, batch_pairs: examples of two responses as the pairs that losses of pairs
// read.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt {

/// Throws value_error, naming the loss, for another number of responses than two, and where the
/// first is not better than the second: a tie is no preference, and a response to another prompt is
/// none's better.
template <class Response>
void require_pair(std::string_view loss, std::span<const Response> group) {
  if (group.size() != 2)
    throw value_error(
        concat(loss, ": an example with ", group.size(), " responses, expected a pair"));
  if (!(group[0].score > group[1].score))
    throw value_error(concat(loss, ": an example with scores ", group[0].score, " and ",
                             group[1].score, ", expected a pair with the better response first"));
}

/// The pair that an example's responses are, the chosen one first. Throws as require_pair does.
[[nodiscard]] inline pair_log_probs pair_of(std::string_view loss,
                                            std::span<const response_log_probs> group) {
  require_pair(loss, group);
  return {group[0].policy,    group[1].policy, group[0].reference,
          group[1].reference, group[0].tokens, group[1].tokens};
}

/// [P]. Throws as pair_of does.
[[nodiscard]] inline std::vector<pair_log_probs> batch_pairs(std::string_view loss,
                                                             const response_groups& groups) {
  std::vector<pair_log_probs> pairs;
  pairs.reserve(groups.size());
  for (std::size_t e = 0; e < groups.size(); ++e) pairs.push_back(pair_of(loss, groups[e]));
  return pairs;
}

}  // namespace prefopt
