// SPDX-License-Identifier: MIT
#pragma once
// One optimizer step's gradient: split the step's examples into micro-batches, pack each, run
// forward, pass the reduced log-probs to the loss, and propagate its slopes back. The gradient is
// that of the mean loss over the step's examples, no matter how they are split.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/policy/backend_of.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"
#include "prefopt/train/detail/group_reading.hpp"
#include "prefopt/train/detail/group_totals.hpp"
#include "prefopt/train/detail/policy_numbers.hpp"
#include "prefopt/train/metric.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt::inline v0_2 {

struct gradient_options {
  /// A larger example gets its own micro-batch; 0: all at once; none: what the policy's backend
  /// prefers.
  std::optional<std::size_t> tokens_per_microbatch = {};
};

/// The results of accumulating one step's gradient, before anything moves.
struct step_gradient {
  std::int64_t examples = 0;
  std::int64_t tokens = 0;      ///< of the sequences that the loss reads, each counted in full
  double loss = 0;              ///< mean over the examples
  std::vector<metric> metrics;  ///< means over the examples
};

namespace detail {

/// accumulate_gradient without its first step: adds to the gradients that there are.
template <class Policy, class Reference, class Loss, class Examples>
step_gradient add_gradient(Policy& policy, const Reference& reference, Loss& loss,
                           const Examples& examples, std::span<const std::size_t> members,
                           const gradient_options& options = {}) {
  group_totals totals(loss);
  const loss_inputs inputs = loss.inputs;
  const pack_options packed{.responses = responses_read(inputs)};
  const std::size_t tokens = microbatch_tokens(policy, options.tokens_per_microbatch);
  const auto cuts =
      microbatches(examples, members, {.tokens = tokens, .responses = packed.responses});
  const double weight = 1 / static_cast<double>(members.size());
  const auto results_of = [&](const group_reading& read) {
    if constexpr (!std::is_const_v<Loss>) observe(loss, read.groups());
    token_results results = token_losses(loss, read.groups());
    totals.add(read, results);
    return results;
  };

  const bool sees_all = couples(loss) || (!std::is_const_v<Loss> && carries_state(loss));
  if (sees_all && cuts.size() > 1) {
    group_reading read;
    for (const auto& cut : cuts)
      read_scores(policy, reference, pack(examples, cut, packed), examples, inputs, read);
    const token_results results = results_of(read);
    std::size_t first = 0;
    for (const auto& cut : cuts) {
      const prefix_tree_batch batch = pack(examples, cut, packed);
      auto pass = forward_for(policy, reference, batch, inputs);
      send_back(pass, results, first, batch.targets.size(), weight);
      first += batch.targets.size();
    }
  } else {
    for (const auto& cut : cuts) {
      const prefix_tree_batch batch = pack(examples, cut, packed);
      auto pass = forward_for(policy, reference, batch, inputs);
      group_reading read;
      read_pass(policy, pass, reference, batch, examples, inputs, read);
      send_back(pass, results_of(read), 0, batch.targets.size(), weight);
    }
  }
  return {totals.examples(), totals.tokens(), totals.mean_loss(), totals.metrics()};
}

}  // namespace detail

/// Sets the policy's gradients to those of the mean loss over the examples that `members` lists by
/// their index in `examples`. A loss that couples them or carries state from step to step sees all
/// at once: if they do not fit into one micro-batch, the policy scores all first and runs forward
/// again for the gradient. A loss that carries state observes the step once, before it is called,
/// unless it is const. Throws value_error for no members and for examples that the loss cannot
/// read; not_finite, naming the examples, if a log-prob, a loss or a slope is not finite; and what
/// `pack`, the policy and the reference throw. The gradients are then unusable.
template <trainable_policy Policy, class Loss, reference_for<std::remove_const_t<Loss>> Reference,
          example_range Examples>
  requires loss_for<std::remove_const_t<Loss>, Policy>
step_gradient accumulate_gradient(Policy& policy, const Reference& reference, Loss& loss,
                                  const Examples& examples, std::span<const std::size_t> members,
                                  const gradient_options& options = {}) {
  if (members.empty()) throw value_error("accumulate_gradient: no examples");
  detail::require_inputs<Policy, Reference>(loss, true);
  auto&& backend = backend_of(policy);
  for (auto&& parameter : policy.parameters()) backend.fill(parameter.gradient, 0);
  return detail::add_gradient(policy, reference, loss, examples, members, options);
}

/// The same with a temporary loss, whose state is lost.
template <trainable_policy Policy, loss_for<Policy> Loss, reference_for<Loss> Reference,
          example_range Examples>
step_gradient accumulate_gradient(Policy& policy, const Reference& reference, Loss&& loss,
                                  const Examples& examples, std::span<const std::size_t> members,
                                  const gradient_options& options = {}) {
  return accumulate_gradient(policy, reference, loss, examples, members, options);
}

}  // namespace prefopt::inline v0_2
