// SPDX-License-Identifier: MIT
#pragma once
// Robust DPO, Chowdhury et al. 2024, arXiv:2403.00409: DPO's loss made unbiased if a share e of the
// labels is wrong,
//
//   loss = (-(1 - e) log sigmoid(beta h) + e log sigmoid(-beta h)) / (1 - 2 e)
//
// h is the margin of summed log-probs.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/check_label_smoothing.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Negative for wide margins: it estimates the loss under the right labels.
struct robust_dpo {
  double beta = 0.1;             ///< above 0
  double label_smoothing = 0.1;  ///< e, at least 0 and below 0.5

  static constexpr std::string_view name = "robust_dpo";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = beta * preference_margin(pair), scale = 1 / (1 - 2 * label_smoothing);
    const double loss = (1 - label_smoothing) * log1p_exp(-z) - label_smoothing * log1p_exp(z);
    const double slope = -(1 - label_smoothing) * sigmoid(-z) - label_smoothing * sigmoid(z);
    return through_margin(scale * loss, scale * beta * slope);
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const robust_dpo& loss) {
    check_beta(name, loss.beta);
    check_label_smoothing(name, loss.label_smoothing);
  }
};

}  // namespace prefopt::inline v0_2
