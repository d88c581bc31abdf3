// SPDX-License-Identifier: MIT
#pragma once
// Efficient exact optimization of a pair, Ji et al. 2024, arXiv:2402.00856: the divergence of the
// model's preference p = sigmoid(beta h) from a label that is right with probability 1 - e,
//
//   loss = p log(p / (1 - e)) + (1 - p) log((1 - p) / e)
//
// h is the margin of summed log-probs.

#include <cmath>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Has its minimum at a margin of log((1 - e) / e) / beta.
struct exo_pair {
  double beta = 0.1;              ///< above 0
  double label_smoothing = 1e-3;  ///< e, above 0 and below 0.5

  static constexpr std::string_view name = "exo_pair";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = beta * preference_margin(pair), p = sigmoid(z), q = sigmoid(-z);
    const double log_right = std::log1p(-label_smoothing), log_wrong = std::log(label_smoothing);
    const double loss = p * (-log1p_exp(-z) - log_right) + q * (-log1p_exp(z) - log_wrong);
    return through_margin(loss, beta * p * q * (z - (log_right - log_wrong)));  // log p - log q = z
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const exo_pair& loss) {
    check_beta(name, loss.beta);
    if (!(loss.label_smoothing > 0 && loss.label_smoothing < 0.5))
      throw value_error(concat(name, ": label_smoothing is ", loss.label_smoothing,
                               ", expected 0 < label_smoothing < 0.5"));
  }
};

}  // namespace prefopt::inline v0_2
