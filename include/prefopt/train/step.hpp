// SPDX-License-Identifier: MIT
#pragma once
// One optimizer step's gradient: cut the step's pairs into micro-batches, pack each, run forward, hand the reduced
// log-probs to the loss, and send its slopes back. The gradient is that of the mean loss over the step's pairs, however
// they are cut.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/train/detail/pair_reading.hpp"
#include "prefopt/train/detail/pair_totals.hpp"
#include "prefopt/train/metric.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt {

struct gradient_options {
  std::size_t tokens_per_microbatch = 4096;  ///< a larger pair goes alone; 0: all pairs at once
};

/// What accumulating one step's gradient found out, before anything moved.
struct step_gradient {
  std::int64_t pairs = 0;
  std::int64_t tokens = 0;      ///< of the sequences that the loss reads, each counted whole
  double loss = 0;              ///< mean over the pairs
  std::vector<metric> metrics;  ///< means over the pairs
};

/// Sets the policy's gradients to those of the mean loss over the pairs that `members` names by their index in `pairs`.
/// Throws value_error for no members; not_finite where a log-prob, a loss or a slope is not finite, naming the pairs;
/// and what `pack`, the policy and the reference throw. The gradients are then of no use.
template <trainable_policy Policy, pairwise_loss Loss, reference_for<Loss> Reference>
step_gradient accumulate_gradient(Policy& policy, const Reference& reference, const Loss& loss,
                                  std::span<const tokenized_pair> pairs, std::span<const std::size_t> members,
                                  const gradient_options& options = {}) {
  if (members.empty()) throw value_error("accumulate_gradient: no pairs");
  auto&& machine = policy.machine();
  for (auto&& parameter : policy.parameters()) machine.fill(parameter.gradient, 0);

  detail::pair_totals<Loss> totals(loss);
  const auto roles = detail::roles_read<Loss>();
  const double weight = 1 / static_cast<double>(members.size());
  for (const auto& cut : microbatches(pairs, members, {.tokens = options.tokens_per_microbatch, .roles = roles})) {
    const prefix_tree_batch batch = pack(pairs, cut, {.roles = roles});
    auto pass = policy.forward(batch);
    const auto read = detail::read_pairs(batch, pass.log_probs(), detail::ask(reference, batch), loss);
    for (const auto& pair : read) totals.add(pair, pairs);
    pass.backward(detail::token_slopes(batch, read, Loss::reduction, weight));  // [M]
  }
  return {totals.pairs(), totals.tokens(), totals.mean_loss(), totals.metrics()};
}

}  // namespace prefopt
