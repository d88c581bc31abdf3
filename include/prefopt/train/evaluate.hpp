// SPDX-License-Identifier: MIT
#pragma once
// evaluate: the loss and the metrics of a policy on a data set, without a gradient.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/train/detail/pair_reading.hpp"
#include "prefopt/train/detail/pair_totals.hpp"
#include "prefopt/train/evaluation_report.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt {

struct evaluation_options {
  std::size_t tokens_per_microbatch = 4096;  ///< bounds memory; a larger pair goes alone; 0: all at once
};

/// Means over all pairs, read in their order; `reference` answers for these pairs under their index here. Throws
/// value_error where there are none or the loss's hyper-parameters are bad, not_finite with the pairs named, and what
/// `pack`, the policy and the reference throw.
template <policy_model Policy, pairwise_loss Loss, reference_for<Loss> Reference>
[[nodiscard]] evaluation_report evaluate(const Policy& policy, const Reference& reference, const Loss& loss,
                                         std::span<const tokenized_pair> pairs,
                                         const evaluation_options& options = {}) {
  check(loss);
  if (pairs.empty()) throw value_error("evaluate: no pairs");
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::size_t> all(pairs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  detail::pair_totals<Loss> totals(loss);
  const auto roles = detail::roles_read<Loss>();
  for (const auto& cut : microbatches(pairs, all, {.tokens = options.tokens_per_microbatch, .roles = roles})) {
    const prefix_tree_batch batch = pack(pairs, cut, {.roles = roles});
    const auto log_probs = policy.token_log_probs(batch);  // [M], nats
    for (const auto& pair : detail::read_pairs(batch, log_probs, detail::ask(reference, batch), loss)) {
      totals.add(pair, pairs);
    }
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return {.pairs = totals.pairs(),
          .loss = totals.mean_loss(),
          .metrics = totals.metrics(),
          .pairs_per_second = static_cast<double>(totals.pairs()) / spent.count()};
}

}  // namespace prefopt
