// SPDX-License-Identifier: MIT
#pragma once
// Kahneman-Tversky optimization on pairs, Ethayarajh et al. 2024, arXiv:2402.01306, in the form of
// its first report:
//
//   loss = 1/2 [1 - sigmoid(beta (r_c - z_j))] + 1/2 [1 - sigmoid(beta (z_c - r_j))]
//
// r are log-ratios to the reference, summed over tokens; z_c = max(0, mean of r_c over the step),
// z_j that of r_j: each side is measured against how far the policy has moved on the other. Both
// are held constant.

#include <algorithm>
#include <string_view>
#include <vector>

#include "prefopt/core/math.hpp"
#include "prefopt/loss/batch_pairs.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt::inline v0_2 {

/// Needs no response other than the pair's own two.
struct kto_pair {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "kto_pair";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] batch_losses operator()(const response_groups& groups) const {
    const std::vector<pair_log_probs> pairs = batch_pairs(name, groups);
    double chosen = 0, rejected = 0;
    for (const pair_log_probs& pair : pairs) {
      chosen += log_ratios(pair).chosen / static_cast<double>(pairs.size());
      rejected += log_ratios(pair).rejected / static_cast<double>(pairs.size());
    }
    // so that NaN propagates
    const double held_chosen = std::max(chosen, 0.0), held_rejected = std::max(rejected, 0.0);
    batch_losses results;
    for (const pair_log_probs& pair : pairs) {
      const double c = beta * (log_ratios(pair).chosen - held_rejected);
      const double j = beta * (held_chosen - log_ratios(pair).rejected);
      results.losses.push_back((sigmoid(-c) + sigmoid(-j)) / 2);
      results.slopes.push_back(-beta * sigmoid(c) * sigmoid(-c) / 2);
      results.slopes.push_back(beta * sigmoid(j) * sigmoid(-j) / 2);
    }
    return results;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const kto_pair& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
