// SPDX-License-Identifier: MIT
#pragma once
// Alignment via optimal transport on pairs, Melnyk et al. 2024, arXiv:2406.05882: over the step's
// pairs, the policy's sorted differences are compared with the reference's sorted ones,
//
//   h_(i) = sort(log pi(c) - log pi(j))_i - sort(log ref(c) - log ref(j))_i
//   loss  = -(1 - e) log sigmoid(beta h) - e log sigmoid(-beta h)
//
// so that the whole distribution of margins moves up, not each single margin. A pair's loss is that
// of its position in the policy's order.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "prefopt/loss/batch_pairs.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/check_label_smoothing.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/sorted_order.hpp"

namespace prefopt::inline v0_2 {

/// If two pairs have the same difference, the earlier one counts as the smaller.
struct aot {
  double beta = 0.1;           ///< above 0
  double label_smoothing = 0;  ///< e, at least 0 and below 0.5

  static constexpr std::string_view name = "aot";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] batch_losses operator()(const response_groups& groups) const {
    std::vector<double> policy, reference;
    for (const pair_log_probs& pair : batch_pairs(name, groups)) {
      policy.push_back(pair.policy_chosen - pair.policy_rejected);
      reference.push_back(pair.reference_chosen - pair.reference_rejected);
    }
    const std::vector<std::size_t> order = sorted_order(policy);
    std::ranges::sort(reference, is_less_nan_last);
    batch_losses results{std::vector<double>(policy.size()),
                         std::vector<double>(2 * policy.size())};
    const dpo quantile{.beta = beta, .label_smoothing = label_smoothing};
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::size_t pair = order[i];
      const pair_loss one =
          quantile({.policy_chosen = policy[pair], .reference_chosen = reference[i]});
      results.losses[pair] = one.loss;
      results.slopes[2 * pair] = one.slope_chosen;
      results.slopes[2 * pair + 1] = one.slope_rejected;
    }
    return results;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const aot& loss) {
    check_beta(name, loss.beta);
    check_label_smoothing(name, loss.label_smoothing);
  }
};

}  // namespace prefopt::inline v0_2
