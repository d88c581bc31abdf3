// SPDX-License-Identifier: MIT
#pragma once
// Simple preference optimization, Meng et al. 2024, arXiv:2405.14734, eq. 6:
//
//   loss = -log sigmoid(beta (p_c - p_j) - gamma)
//
// p_c and p_j are the responses' log-probs averaged over tokens. There is no reference.

#include <cmath>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Pushes the averages gamma / beta nats apart.
struct simpo {
  double beta = 2;     ///< above 0
  double gamma = 0.5;  ///< the target margin of the rewards, at least 0

  static constexpr std::string_view name = "simpo";
  static constexpr token_reduction reduction = token_reduction::mean;
  static constexpr loss_inputs inputs{.reference = false};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = beta * (pair.policy_chosen - pair.policy_rejected) - gamma;
    return through_margin(log1p_exp(-z), -beta * sigmoid(-z));
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const simpo& loss) {
    check_beta(name, loss.beta);
    if (!(std::isfinite(loss.gamma) && loss.gamma >= 0))
      throw value_error(
          concat(name, ": gamma is ", loss.gamma, ", expected a finite number of at least 0"));
  }
};

}  // namespace prefopt::inline v0_2
