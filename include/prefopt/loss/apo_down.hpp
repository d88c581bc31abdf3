// SPDX-License-Identifier: MIT
#pragma once
// Anchored preference optimization, down, D'Oosterlinck et al. 2024, arXiv:2408.06266:
//
//   loss = sigmoid(beta r_c) + (1 - sigmoid(beta (r_c - r_j)))
//
// r_c and r_j are the responses' log-ratios to the reference, summed over tokens.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt::inline v0_2 {

/// For chosen responses that are worse than the policy's own: lowers both, the rejected one more.
struct apo_down {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "apo_down";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const auto [chosen, rejected] = log_ratios(pair);
    const double c = beta * chosen, z = beta * (chosen - rejected);
    const double by_margin = beta * sigmoid(z) * sigmoid(-z);
    return {sigmoid(c) + sigmoid(-z), beta * sigmoid(c) * sigmoid(-c) - by_margin, by_margin};
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const apo_down& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
