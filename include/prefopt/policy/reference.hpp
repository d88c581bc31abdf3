// SPDX-License-Identifier: MIT
#pragma once
// reference_log_probs: the log-probs that a policy gives to a data set before training, which a
// loss compares with later.

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/data/response_selection.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"
#include "prefopt/policy/reference_cache.hpp"
#include "prefopt/policy/token_hash.hpp"

namespace prefopt::inline v0_2 {

struct reference_options {
  /// Bounds memory. A larger example gets its own micro-batch; 0: all at once; none: what the
  /// policy's backend prefers.
  std::optional<std::size_t> tokens_per_microbatch = {};
  response_selection responses = {};  ///< which responses
};

/// Scores every response of every example with the current policy. A different packing later gives
/// the same numbers, up to rounding. Throws what `pack` and the policy throw, and shape_error
/// unless the policy returns one log-prob per target of the batch.
template <policy_model Policy, std::ranges::random_access_range Examples>
  requires example_like<std::ranges::range_value_t<Examples>> &&
           std::ranges::sized_range<Examples> && (!gives_rewards<Policy>())
[[nodiscard]] reference_cache reference_log_probs(const Policy& policy, const Examples& examples,
                                                  const reference_options& options = {}) {
  std::vector<std::size_t> all(std::ranges::size(examples));
  std::iota(all.begin(), all.end(), std::size_t{0});
  reference_cache cache;
  const microbatch_options limits{
      .tokens = microbatch_tokens(policy, options.tokens_per_microbatch),
      .responses = options.responses};
  for (const auto& members : microbatches(examples, all, limits)) {
    const prefix_tree_batch batch = pack(examples, members, {.responses = options.responses});
    const std::vector<double> log_probs = policy.token_log_probs(batch);  // [M], nats
    if (log_probs.size() != batch.targets.size()) {
      throw shape_error(concat("reference_log_probs: the policy returned ", log_probs.size(),
                               " log-probs for ", batch.targets.size(), " targets"));
    }
    for_each_sequence(batch, [&](const sequence_path& path) {
      const tree_sequence& sequence = path.sequence;
      cache.add({sequence.example, sequence.response_index}, path_hash(path),
                std::span(log_probs).subspan(static_cast<std::size_t>(sequence.first_target),
                                             static_cast<std::size_t>(sequence.count)));
    });
  }
  return cache;
}

}  // namespace prefopt::inline v0_2
