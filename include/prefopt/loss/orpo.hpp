// SPDX-License-Identifier: MIT
#pragma once
// Odds ratio preference optimization, Hong et al. 2024, arXiv:2403.07691, eq. 7, its preference term:
//
//   loss = -beta log sigmoid(o_c - o_j),  o = p - log(1 - exp(p))
//
// p is a response's log-prob averaged over tokens, o the log of its odds. There is no reference. The paper adds the
// supervised loss of the chosen response and calls beta lambda.

#include <cmath>
#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt {

/// Infinite odds, of a response that is certain, have no loss: averages are below 0.
struct orpo {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "orpo";
  static constexpr token_reduction reduction = token_reduction::mean;
  static constexpr loss_inputs inputs{.reference = false};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = log_odds(pair.policy_chosen) - log_odds(pair.policy_rejected), slope = beta * sigmoid(-z);
    // The slope of log odds by p is 1 / (1 - exp(p)).
    return {beta * log1p_exp(-z), slope / std::expm1(pair.policy_chosen), -slope / std::expm1(pair.policy_rejected)};
  }

  /// log(p / (1 - p)) from log p < 0; log(1 - exp(x)) by whichever of two forms loses no digits (Maechler 2012,
  /// "Accurately computing log(1 - exp(-|a|))").
  [[nodiscard]] PREFOPT_HOST_DEVICE static double log_odds(double log_prob) {
    constexpr double log_half = -0.69314718055994531;
    return log_prob - (log_prob > log_half ? std::log(-std::expm1(log_prob)) : std::log1p(-std::exp(log_prob)));
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const orpo& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt
