// SPDX-License-Identifier: MIT
#pragma once
// Direct preference optimization, Rafailov et al. 2023, arXiv:2305.18290, eq. 7, with the label
// smoothing of conservative DPO, Mitchell 2023, "A note on DPO with noisy preferences &
// relationship to IPO":
//
//   loss = -(1 - e) log sigmoid(beta h) - e log sigmoid(-beta h)
//
// h is the margin of summed log-probs, e the probability that a pair's label is wrong.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/check_label_smoothing.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// A large beta keeps the policy close to the reference.
struct dpo {
  double beta = 0.1;           ///< above 0
  double label_smoothing = 0;  ///< e, at least 0 and below 0.5

  static constexpr std::string_view name = "dpo";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = beta * preference_margin(pair);
    const double right = 1 - label_smoothing;
    // Written with sigmoid(-z), not 1 - sigmoid(z), which is 0 from z = 37 on.
    const double slope = beta * (label_smoothing * sigmoid(z) - right * sigmoid(-z));
    return through_margin(right * log1p_exp(-z) + label_smoothing * log1p_exp(z), slope);
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const dpo& loss) {
    check_beta(name, loss.beta);
    check_label_smoothing(name, loss.label_smoothing);
  }
};

}  // namespace prefopt::inline v0_2
