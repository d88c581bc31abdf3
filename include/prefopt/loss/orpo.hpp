// SPDX-License-Identifier: MIT
#pragma once
// Odds ratio preference optimization, Hong et al. 2024, arXiv:2403.07691, eq. 7, its preference
// term:
//
//   loss = -beta log sigmoid(o_c - o_j),  o = p - log(1 - exp(p))
//
// p is a response's log-prob averaged over tokens, o the log of its odds. There is no reference.
// The paper adds the supervised loss of the chosen response and calls beta lambda.

#include <cmath>
#include <limits>
#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt::inline v0_2 {

/// A chosen response that is certain has a slope like any other, the limit of its neighbors'. The
/// odds of a rejected one have no limit at p = 0, so they are those at -2^-24, the nearest log-prob
/// below 0 that a float32 model can tell from it. A log-prob above 0 by more than rounding (a
/// thousandth) is invalid, and its loss is not a number.
struct orpo {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "orpo";
  static constexpr token_reduction reduction = token_reduction::mean;
  static constexpr loss_inputs inputs{.reference = false};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    constexpr double nearly_certain = -0x1p-24;
    const double chosen = at_most(pair.policy_chosen, 0);
    const double rejected = at_most(pair.policy_rejected, nearly_certain);
    const double odds_rejected = log_odds(rejected);
    const double z = log_odds(chosen) - odds_rejected;
    // The derivative of the log odds with respect to p is 1 / (1 - exp(p)). At p = 0, it and
    // sigmoid(-z) form a quotient of two zeros, whose limit is the odds of the rejected response.
    const double wrong = sigmoid(-z);
    const double by_chosen = chosen == 0 ? -std::exp(odds_rejected) : wrong / std::expm1(chosen);
    return {beta * log1p_exp(-z), beta * by_chosen, -beta * wrong / std::expm1(rejected)};
  }

  /// log(p / (1 - p)) from log p, infinite at 0; log(1 - exp(x)) by whichever of two forms loses no
  /// digits (Maechler 2012, "Accurately computing log(1 - exp(-|a|))").
  [[nodiscard]] PREFOPT_HOST_DEVICE static double log_odds(double log_prob) {
    constexpr double log_half = -0.69314718055994531;
    return log_prob - (log_prob > log_half ? std::log(-std::expm1(log_prob))
                                           : std::log1p(-std::exp(log_prob)));
  }

  /// A log-prob, lowered to `top` if it is above by rounding; NaN for NaN and for an invalid
  /// log-prob.
  [[nodiscard]] PREFOPT_HOST_DEVICE static double at_most(double log_prob, double top) {
    if (log_prob > 1e-3) return std::numeric_limits<double>::quiet_NaN();
    return log_prob > top ? top : log_prob;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const orpo& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
