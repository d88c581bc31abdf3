// SPDX-License-Identifier: MIT
#pragma once
// From a batch's token log-probs to the numbers of its pairs, and from a loss's slopes back to the tokens.
// Legend: M targets of the batch.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/example.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/reduction.hpp"
#include "prefopt/train/not_finite.hpp"
#include "prefopt/train/reference_for.hpp"

namespace prefopt::detail {

/// The responses that a loss reads, as `pack` wants them.
template <pairwise_loss Loss>
[[nodiscard]] std::vector<std::int32_t> roles_read() {
  if constexpr (Loss::inputs.rejected) return {chosen_role, rejected_role};
  return {chosen_role};
}

/// The reference's log-probs, [M] in nats, or none.
template <class Reference>
[[nodiscard]] std::vector<double> ask(const Reference& reference, const prefix_tree_batch& batch) {
  return reference.token_log_probs(batch);
}
[[nodiscard]] inline std::vector<double> ask(const no_reference&, const prefix_tree_batch&) { return {}; }

/// One pair of a batch, as a loss saw it.
struct pair_reading {
  std::size_t example = 0;
  pair_log_probs sums;  ///< what metrics are made of, whatever the loss reads; 0 where it reads nothing
  pair_loss result;
};

/// Where a sequence's targets lie among [M] numbers.
template <class Number>
[[nodiscard]] std::span<Number> targets_of(const tree_sequence& sequence, std::span<Number> numbers) {
  return numbers.subspan(static_cast<std::size_t>(sequence.first_target), static_cast<std::size_t>(sequence.count));
}

inline void require_finite(std::span<const pair_reading> read) {
  std::vector<std::size_t> bad;
  std::string first;
  for (const auto& [example, sums, result] : read) {
    const double all = sums.policy_chosen + sums.policy_rejected + sums.reference_chosen + sums.reference_rejected;
    if (std::isfinite(all) && std::isfinite(result.loss) && std::isfinite(result.slope_chosen) &&
        std::isfinite(result.slope_rejected)) {
      continue;
    }
    bad.push_back(example);
    if (bad.size() > 1) continue;
    first = join(" (loss ", result.loss, ", log-probs ", sums.policy_chosen, " and ", sums.policy_rejected,
                 ", reference ", sums.reference_chosen, " and ", sums.reference_rejected, ")");
  }
  if (!bad.empty()) throw not_finite(join("not finite at ", pair_list(bad), first), bad);
}

inline void require_one_a_target(const char* whose, std::span<const double> log_probs, const prefix_tree_batch& batch) {
  if (log_probs.size() == batch.targets.size()) return;
  throw shape_error(
      join("step: ", log_probs.size(), " log-probs of the ", whose, " for ", batch.targets.size(), " targets"));
}

/// Every pair of a batch that was packed by member and then by role. `policy` [M] and `reference` [M] (empty where the
/// loss reads none) in nats. Throws shape_error for another number of log-probs, not_finite with the pairs named.
template <pairwise_loss Loss>
[[nodiscard]] std::vector<pair_reading> read_pairs(const prefix_tree_batch& batch, std::span<const double> policy,
                                                   std::span<const double> reference, const Loss& loss) {
  require_one_a_target("policy", policy, batch);
  if constexpr (Loss::inputs.reference) require_one_a_target("reference", reference, batch);
  constexpr std::size_t sides = Loss::inputs.rejected ? 2 : 1;
  std::vector<pair_reading> read;
  for (std::size_t s = 0; s < batch.sequences.size(); s += sides) {
    const tree_sequence& chosen = batch.sequences[s];
    const tree_sequence& rejected = batch.sequences[s + sides - 1];
    const auto numbers = [&](token_reduction reduction) {
      pair_log_probs pair{.chosen_tokens = chosen.count};
      pair.policy_chosen = reduce(reduction, targets_of(chosen, policy));
      if constexpr (Loss::inputs.reference) pair.reference_chosen = reduce(reduction, targets_of(chosen, reference));
      if constexpr (!Loss::inputs.rejected) return pair;
      pair.rejected_tokens = rejected.count;
      pair.policy_rejected = reduce(reduction, targets_of(rejected, policy));
      if constexpr (Loss::inputs.reference)
        pair.reference_rejected = reduce(reduction, targets_of(rejected, reference));
      return pair;
    };
    read.push_back(
        {static_cast<std::size_t>(chosen.example), numbers(token_reduction::sum), loss(numbers(Loss::reduction))});
  }
  require_finite(read);
  return read;
}

/// The adjoint of the reduction: d (weight times the sum of the pairs' losses) / d token log-prob, [M].
[[nodiscard]] inline std::vector<double> token_slopes(const prefix_tree_batch& batch,
                                                      std::span<const pair_reading> read, token_reduction reduction,
                                                      double weight) {
  const std::size_t sides = batch.sequences.size() / read.size();
  std::vector<double> slopes(batch.targets.size());
  for (std::size_t s = 0; s < batch.sequences.size(); ++s) {
    const pair_loss& result = read[s / sides].result;
    const double slope = s % sides == 0 ? result.slope_chosen : result.slope_rejected;
    add_token_slopes(reduction, weight * slope, targets_of(batch.sequences[s], std::span<double>(slopes)));
  }
  return slopes;
}

}  // namespace prefopt::detail
