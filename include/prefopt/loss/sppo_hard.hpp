// SPDX-License-Identifier: MIT
#pragma once
// Self-play preference optimization with hard labels, Wu et al. 2024, arXiv:2405.00675 for win
// probabilities of 1 and 0:
//
//   loss = (r_c - 1 / (2 beta))^2 + (r_j + 1 / (2 beta))^2
//
// r_c and r_j are the responses' log-ratios to the reference, summed over tokens. The paper's eta
// is 1 / beta.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt::inline v0_2 {

/// Pulls each log-ratio toward its own target.
struct sppo_hard {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "sppo_hard";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr pair_loss operator()(
      const pair_log_probs& pair) const {
    const auto [chosen, rejected] = log_ratios(pair);
    const double c = chosen - 0.5 / beta, j = rejected + 0.5 / beta;
    return {c * c + j * j, 2 * c, 2 * j};
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const sppo_hard& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
