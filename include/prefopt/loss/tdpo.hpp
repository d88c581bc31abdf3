// SPDX-License-Identifier: MIT
#pragma once
// Token-level DPO, Zeng et al. 2024, arXiv:2404.11999: DPO that also counts how far the policy's
// whole distributions have moved along each response,
//
//   loss = -log sigmoid(beta (h - alpha (K_j - sg[K_c])))
//
// for TDPO2; in TDPO1, alpha is 1 and K_c is not held constant.
//
// h is the margin of summed log-probs, K a response's sum over tokens of KL(reference || policy),
// sg: held constant.

#include <cmath>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/batch_pairs.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt::inline v0_2 {

/// Needs a policy that provides divergences from its reference.
struct tdpo {
  double beta = 0.1;                  ///< above 0
  double alpha = 0.5;                 ///< at least 0
  bool holds_chosen_constant = true;  ///< TDPO2; false with alpha = 1: TDPO1

  static constexpr std::string_view name = "tdpo";
  static constexpr loss_inputs inputs{.divergences = true};

  [[nodiscard]] static bool couples() { return false; }

  /// Throws value_error for an example that is not a pair with the better response first.
  [[nodiscard]] token_results operator()(const token_groups& groups) const {
    token_results results{
        {}, std::vector<double>(groups.policy.size()), std::vector<double>(groups.policy.size())};
    for (std::size_t e = 0; e < groups.size(); ++e) {
      const auto group = groups[e];
      require_pair(name, group);
      const auto sum = [&](std::size_t side, std::span<const double> numbers) {
        return reduce(token_reduction::sum, detail::tokens_of(group[side], numbers));
      };
      // -alpha (K_j - K_c) is a margin that a reference with other numbers would give.
      const pair_loss one = dpo{.beta = beta}(
          {.policy_chosen = sum(0, groups.policy),
           .policy_rejected = sum(1, groups.policy),
           .reference_chosen = sum(0, groups.reference) - alpha * sum(0, groups.divergences),
           .reference_rejected = sum(1, groups.reference) - alpha * sum(1, groups.divergences)});
      results.losses.push_back(one.loss);
      const auto spread = [&](std::size_t side, double slope, std::vector<double>& to) {
        add_token_slopes(token_reduction::sum, slope,
                         detail::tokens_of(group[side], std::span(to)));
      };
      spread(0, one.slope_chosen, results.slopes);
      spread(1, one.slope_rejected, results.slopes);
      if (!holds_chosen_constant) spread(0, alpha * one.slope_chosen, results.divergence_slopes);
      spread(1, alpha * one.slope_rejected, results.divergence_slopes);
    }
    return results;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const tdpo& loss) {
    check_beta(name, loss.beta);
    if (!(std::isfinite(loss.alpha) && loss.alpha >= 0))
      throw value_error(
          concat(name, ": alpha is ", loss.alpha, ", expected a finite number of at least 0"));
  }
};

}  // namespace prefopt::inline v0_2
