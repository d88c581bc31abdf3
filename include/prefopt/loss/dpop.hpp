// SPDX-License-Identifier: MIT
#pragma once
// DPO-Positive, Pal et al. 2024, arXiv:2402.13228:
//
//   loss = -log sigmoid(beta (h - lambda max(0, -r_c)))
//
// h is the margin, r_c the chosen response's log-ratio to the reference, both summed over tokens.

#include <cmath>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/log_ratios.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Penalizes chosen responses that become less likely than under the reference.
struct dpop {
  double beta = 0.1;   ///< above 0
  double lambda = 50;  ///< at least 0; 0 is DPO

  static constexpr std::string_view name = "dpop";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double lost = log_ratios(pair).chosen < 0 ? -log_ratios(pair).chosen : 0;
    const double z = beta * (preference_margin(pair) - lambda * lost), slope = beta * sigmoid(-z);
    return {log1p_exp(-z), -slope * (lost > 0 ? 1 + lambda : 1), slope};
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const dpop& loss) {
    check_beta(name, loss.beta);
    if (!(std::isfinite(loss.lambda) && loss.lambda >= 0))
      throw value_error(
          concat(name, ": lambda is ", loss.lambda, ", expected a finite number of at least 0"));
  }
};

}  // namespace prefopt::inline v0_2
