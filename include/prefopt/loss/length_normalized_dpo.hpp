// SPDX-License-Identifier: MIT
#pragma once
// DPO of averaged log-probs, as Lambert et al. 2024 train Tulu 3 (arXiv:2411.15124):
//
//   loss = -log sigmoid(beta h)
//
// h is the margin of log-probs averaged over each response's tokens. Trainers call it sigmoid_norm.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// A long response counts no more than a short one. Averages are small, so beta is larger than
/// DPO's.
struct length_normalized_dpo {
  double beta = 5;  ///< above 0

  static constexpr std::string_view name = "length_normalized_dpo";
  static constexpr token_reduction reduction = token_reduction::mean;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = beta * preference_margin(pair);
    return through_margin(log1p_exp(-z), -beta * sigmoid(-z));
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const length_normalized_dpo& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
