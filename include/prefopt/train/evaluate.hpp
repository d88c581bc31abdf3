// SPDX-License-Identifier: MIT
#pragma once
// evaluate: the loss and the metrics of a policy on a data set, without a gradient.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <ranges>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/microbatches.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/policy/concepts.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"
#include "prefopt/train/detail/group_reading.hpp"
#include "prefopt/train/detail/group_totals.hpp"
#include "prefopt/train/detail/per_second.hpp"
#include "prefopt/train/detail/policy_numbers.hpp"
#include "prefopt/train/evaluation_report.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt::inline v0_2 {

struct evaluation_options {
  /// Bounds memory. A larger example gets its own micro-batch; 0: all at once; none: what the
  /// policy's backend prefers.
  std::optional<std::size_t> tokens_per_microbatch = {};
};

/// Means over all examples, read in their order; `reference` must answer for them by their index
/// here. A loss that couples the examples of a step sees all of these at once. Throws value_error
/// if there are none or the loss's hyper-parameters are invalid, not_finite naming the examples,
/// and what `pack`, the policy and the reference throw.
template <policy_model Policy, loss_for<Policy> Loss, reference_for<Loss> Reference,
          example_range Examples>
[[nodiscard]] evaluation_report evaluate(const Policy& policy, const Reference& reference,
                                         const Loss& loss, const Examples& examples,
                                         const evaluation_options& options = {}) {
  check(loss);
  detail::require_inputs<Policy, Reference>(loss);
  if (std::ranges::empty(examples)) throw value_error("evaluate: no examples");
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::size_t> all(std::ranges::size(examples));
  std::iota(all.begin(), all.end(), std::size_t{0});
  detail::group_totals totals(loss);
  const auto responses = detail::responses_read(loss.inputs);
  const bool at_once = couples(loss);
  detail::group_reading read;
  const std::size_t tokens = microbatch_tokens(policy, options.tokens_per_microbatch);
  for (const auto& cut : microbatches(examples, all, {.tokens = tokens, .responses = responses})) {
    detail::read_scores(policy, reference, pack(examples, cut, {.responses = responses}), examples,
                        loss.inputs, read);
    if (at_once) continue;
    totals.add(read, token_losses(loss, read.groups()));
    read = {};
  }
  if (at_once) totals.add(read, token_losses(loss, read.groups()));
  return {.examples = totals.examples(),
          .loss = totals.mean_loss(),
          .metrics = totals.metrics(),
          .pairs_per_second = detail::per_second(totals.examples(), start)};
}

}  // namespace prefopt::inline v0_2
