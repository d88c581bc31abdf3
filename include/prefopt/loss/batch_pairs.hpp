// SPDX-License-Identifier: MIT
#pragma once
// batch_pairs: the pairs of a step as the losses read them that couple pairs.

#include <cstddef>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt {

/// [P], each example's first response as the chosen one. Throws value_error, naming the loss, for an example of another
/// number of responses than two.
[[nodiscard]] inline std::vector<pair_log_probs> batch_pairs(std::string_view loss, const response_groups& groups) {
  std::vector<pair_log_probs> pairs;
  pairs.reserve(groups.size());
  for (std::size_t e = 0; e < groups.size(); ++e) {
    const auto group = groups[e];
    if (group.size() != 2)
      throw value_error(join(loss, ": an example with ", group.size(), " responses, wanted a pair"));
    pairs.push_back(
        {group[0].policy, group[1].policy, group[0].reference, group[1].reference, group[0].tokens, group[1].tokens});
  }
  return pairs;
}

}  // namespace prefopt
