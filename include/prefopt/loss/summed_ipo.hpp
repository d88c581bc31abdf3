// SPDX-License-Identifier: MIT
#pragma once
// IPO of summed log-probs, Azar et al. 2023, arXiv:2310.12036, eq. 17 as written:
//
//   loss = (h - 1 / (2 beta))^2
//
// h is the margin of summed log-probs. If responses differ in length, its authors use `ipo`.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Pulls the margin of whole responses to 1 / (2 beta).
struct summed_ipo {
  double beta = 0.1;  ///< tau, above 0

  static constexpr std::string_view name = "summed_ipo";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr pair_loss operator()(
      const pair_log_probs& pair) const {
    const double gap = preference_margin(pair) - 0.5 / beta;
    return through_margin(gap * gap, 2 * gap);
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const summed_ipo& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
