// SPDX-License-Identifier: MIT
#pragma once
// Alignment via optimal transport without pairs, Melnyk et al. 2024, arXiv:2406.05882: over a step,
// the sorted log-ratios of the chosen responses are compared with those of the rejected ones,
//
//   h_(i) = sort(r_c)_i - sort(r_j)_i
//   loss  = -(1 - e) log sigmoid(beta h) - e log sigmoid(-beta h)
//
// A pair's loss is that of its chosen response's position.

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

/// It does not matter which chosen response is paired with which rejected one.
struct aot_unpaired {
  double beta = 0.1;           ///< above 0
  double label_smoothing = 0;  ///< e, at least 0 and below 0.5

  static constexpr std::string_view name = "aot_unpaired";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] batch_losses operator()(const response_groups& groups) const {
    std::vector<double> chosen, rejected;
    for (const pair_log_probs& pair : batch_pairs(name, groups)) {
      chosen.push_back(log_ratios(pair).chosen);
      rejected.push_back(log_ratios(pair).rejected);
    }
    const std::vector<std::size_t> better = sorted_order(chosen), worse = sorted_order(rejected);
    batch_losses results{std::vector<double>(chosen.size()),
                         std::vector<double>(2 * chosen.size())};
    const dpo quantile{.beta = beta, .label_smoothing = label_smoothing};
    for (std::size_t i = 0; i < better.size(); ++i) {
      const std::size_t c = better[i], j = worse[i];
      const pair_loss one = quantile({.policy_chosen = chosen[c], .policy_rejected = rejected[j]});
      results.losses[c] = one.loss;
      results.slopes[2 * c] = one.slope_chosen;
      results.slopes[2 * j + 1] = one.slope_rejected;
    }
    return results;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const aot_unpaired& loss) {
    check_beta(name, loss.beta);
    check_label_smoothing(name, loss.label_smoothing);
  }
};

}  // namespace prefopt::inline v0_2
