// SPDX-License-Identifier: MIT
#pragma once
// sequence_log_probs: the log-probability of each whole response of a batch.

#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::inline v0_2 {

/// [S], nats: for each sequence the sum of its token log-probs [M], in their order; 0 for one
/// without a target. Throws shape_error unless there is one number per target.
[[nodiscard]] inline std::vector<double> sequence_log_probs(
    const prefix_tree_batch& batch, std::span<const double> token_log_probs) {
  if (token_log_probs.size() != batch.targets.size()) {
    throw shape_error(concat("sequence_log_probs: ", token_log_probs.size(),
                             " token log-probs for ", batch.targets.size(), " targets"));
  }
  std::vector<double> sums;
  sums.reserve(batch.sequences.size());
  for (const tree_sequence& sequence : batch.sequences) {
    const auto own = token_log_probs.subspan(static_cast<std::size_t>(sequence.first_target),
                                             static_cast<std::size_t>(sequence.count));
    sums.push_back(std::accumulate(own.begin(), own.end(), 0.0));
  }
  return sums;
}

}  // namespace prefopt::inline v0_2
