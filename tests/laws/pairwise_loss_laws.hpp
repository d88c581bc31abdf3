// SPDX-License-Identifier: MIT
#pragma once
// The laws that every pairwise_loss must obey. Each gives a number or a verdict, so that a test can
// also see it fail for a loss that breaks it.

#include <algorithm>
#include <cmath>
#include <vector>

#include "prefopt/core/random.hpp"
#include "prefopt/loss/concepts.hpp"
#include "support/tolerance.hpp"

namespace prefopt::tests {

/// Pairs that occur in training: log-ratios of either sign, responses of different lengths.
[[nodiscard]] inline std::vector<pair_log_probs> ordinary_pairs() {
  random_generator random(11);
  std::vector<pair_log_probs> pairs;
  for (int i = 0; i < 64; ++i) {
    pair_log_probs pair;
    pair.reference_chosen = -80 + 20 * random.normal();
    pair.reference_rejected = -80 + 20 * random.normal();
    pair.policy_chosen = pair.reference_chosen + 6 * random.normal();
    pair.policy_rejected = pair.reference_rejected + 6 * random.normal();
    pair.chosen_tokens = 1 + static_cast<std::int64_t>(random.below(100));
    pair.rejected_tokens = 1 + static_cast<std::int64_t>(random.below(100));
    pairs.push_back(pair);
  }
  return pairs;
}

/// Log-ratios up to 1e3 of either sign on either side.
[[nodiscard]] inline std::vector<pair_log_probs> extreme_pairs() {
  std::vector<pair_log_probs> pairs;
  for (const double chosen : {-1e3, -1.0, 0.0, 1.0, 1e3})
    for (const double rejected : {-1e3, -1.0, 0.0, 1.0, 1e3})
      pairs.push_back({-2e3 + chosen, -3e3 + rejected, -2e3, -3e3, 500, 700});
  return pairs;
}

/// Largest gap between a slope and the central difference of the loss, relative to the slope or
/// to 1.
template <pairwise_loss Loss>
[[nodiscard]] double slope_error(const Loss& loss) {
  constexpr double step = prefopt_test::difference_step;
  double largest = 0;
  for (const pair_log_probs& pair : ordinary_pairs()) {
    const auto gap = [&](double pair_log_probs::*by, double slope) {
      pair_log_probs above = pair, below = pair;
      above.*by += step;
      below.*by -= step;
      const double measured = (loss(above).loss - loss(below).loss) / (2 * step);
      return std::abs(measured - slope) / std::max(1.0, std::abs(slope));
    };
    const pair_loss at = loss(pair);
    largest = std::max({largest, gap(&pair_log_probs::policy_chosen, at.slope_chosen),
                        gap(&pair_log_probs::policy_rejected, at.slope_rejected)});
  }
  return largest;
}

/// Loss and slopes are numbers at log-ratios up to 1e3.
template <pairwise_loss Loss>
[[nodiscard]] bool is_finite_at_extremes(const Loss& loss) {
  return std::ranges::all_of(extreme_pairs(), [&](const pair_log_probs& pair) {
    const pair_loss at = loss(pair);
    return std::isfinite(at.loss) && std::isfinite(at.slope_chosen) &&
           std::isfinite(at.slope_rejected);
  });
}

/// An input that `inputs` excludes changes nothing, and has slope 0.
template <pairwise_loss Loss>
[[nodiscard]] bool reads_only_its_inputs(const Loss& loss) {
  return std::ranges::all_of(ordinary_pairs(), [&](const pair_log_probs& pair) {
    pair_log_probs other = pair;
    if (!Loss::inputs.rejected) {
      other.policy_rejected = other.reference_rejected = -5;
      other.rejected_tokens = 0;
    }
    if (!Loss::inputs.reference) other.reference_chosen = other.reference_rejected = -5;
    const pair_loss a = loss(pair), b = loss(other);
    return a.loss == b.loss && a.slope_chosen == b.slope_chosen &&
           a.slope_rejected == b.slope_rejected && (Loss::inputs.rejected || a.slope_rejected == 0);
  });
}

/// From the reference, or from equally likely responses if there is none, a step against the slopes
/// makes the chosen response no less likely, and the rejected one, if it is read, no likelier, and
/// widens the gap between them.
template <pairwise_loss Loss>
[[nodiscard]] bool sets_out_towards_the_chosen(const Loss& loss) {
  return std::ranges::all_of(ordinary_pairs(), [&](pair_log_probs pair) {
    pair.policy_chosen = pair.reference_chosen;
    pair.policy_rejected = Loss::inputs.reference ? pair.reference_rejected : pair.policy_chosen;
    const pair_loss at = loss(pair);
    return at.slope_chosen <= 0 && at.slope_rejected >= 0 && at.slope_chosen < at.slope_rejected;
  });
}

}  // namespace prefopt::tests
