// SPDX-License-Identifier: MIT
#pragma once
// Identity preference optimization, Azar et al. 2023, arXiv:2310.12036, eq. 17:
//
//   loss = (h - 1 / (2 beta))^2
//
// h is the margin of log-probs averaged over each response's tokens, as the paper's authors and TRL
// apply it: a sum would set the same target for long answers as for short ones. The paper's tau is
// called beta, its usual name in practice.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Pulls the margin to 1 / (2 beta) and, unlike DPO, also back from beyond it.
struct ipo {
  double beta = 0.1;  ///< tau, above 0

  static constexpr std::string_view name = "ipo";
  static constexpr token_reduction reduction = token_reduction::mean;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr pair_loss operator()(
      const pair_log_probs& pair) const {
    const double gap = preference_margin(pair) - 0.5 / beta;
    return through_margin(gap * gap, 2 * gap);
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const ipo& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
