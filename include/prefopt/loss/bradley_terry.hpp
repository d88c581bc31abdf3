// SPDX-License-Identifier: MIT
#pragma once
// The loss of a reward model on pairs (Bradley & Terry 1952; Ouyang et al. 2022, arXiv:2203.02155,
// eq. 1), with the margin of Touvron et al. 2023, arXiv:2307.09288, eq. 2, and the centering of
// Eisenstein et al. 2023, arXiv:2312.09244:
//
//   loss = -log sigmoid(R_c - R_j - m) + c (R_c + R_j)^2
//
// R are rewards. Only their differences are learned, so each prompt's could drift; c keeps them
// around 0.

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/groups.hpp"

namespace prefopt::inline v0_2 {

/// For examples with two responses, which a `reward_model` scores.
struct bradley_terry {
  /// m = margin_scale (score of the chosen - score of the rejected response); for a pair the scores
  /// are 1 and 0, so this is the margin itself. At least 0.
  double margin_scale = 0;
  double center_rewards_coefficient = 0;  ///< c, at least 0; TRL advises 0.01

  static constexpr std::string_view name = "bradley_terry";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{.reference = false};
  static constexpr bool reads_rewards = true;

  /// Throws value_error unless there are exactly two responses, and for scores that do not say
  /// which is better.
  [[nodiscard]] list_loss operator()(std::span<const response_log_probs> pair) const {
    if (pair.size() != 2)
      throw value_error(
          concat(name, ": an example with ", pair.size(), " responses, expected a pair"));
    if (!std::isfinite(pair[0].score) || !std::isfinite(pair[1].score) ||
        pair[0].score == pair[1].score)
      throw value_error(concat(name, ": an example with scores ", pair[0].score, " and ",
                               pair[1].score,
                               ", expected unequal scores of two responses to one prompt"));
    const bool first_is_better = pair[0].score > pair[1].score;
    const response_log_probs& chosen = pair[first_is_better ? 0 : 1];
    const response_log_probs& rejected = pair[first_is_better ? 1 : 0];
    const double z =
        chosen.policy - rejected.policy - margin_scale * (chosen.score - rejected.score);
    const double sum = chosen.policy + rejected.policy;
    const double push = sigmoid(-z), drift = 2 * center_rewards_coefficient * sum;
    list_loss result{log1p_exp(-z) + center_rewards_coefficient * sum * sum,
                     {drift - push, drift + push}};
    if (!first_is_better) std::swap(result.slopes[0], result.slopes[1]);
    return result;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const bradley_terry& loss) {
    for (const double number : {loss.margin_scale, loss.center_rewards_coefficient})
      if (!(std::isfinite(number) && number >= 0))
        throw value_error(concat(name, ": a hyper-parameter of ", number,
                                 ", expected a finite number of at least 0"));
  }
};

}  // namespace prefopt::inline v0_2
