// SPDX-License-Identifier: MIT
#pragma once
// Contrastive preference optimization, Xu et al. 2024, arXiv:2401.08417, its preference term:
//
//   loss = -(1 - e) log sigmoid(beta d) - e log sigmoid(-beta d)
//
// d is the difference of the responses' summed log-probs. There is no reference; e is the
// probability that a label is wrong. The paper adds the supervised loss of the chosen response.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/check_label_smoothing.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// DPO with a reference that finds all responses equally likely.
struct cpo {
  double beta = 0.1;           ///< above 0
  double label_smoothing = 0;  ///< e, at least 0 and below 0.5

  static constexpr std::string_view name = "cpo";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{.reference = false};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = beta * (pair.policy_chosen - pair.policy_rejected),
                 right = 1 - label_smoothing;
    const double slope = beta * (label_smoothing * sigmoid(z) - right * sigmoid(-z));
    return through_margin(right * log1p_exp(-z) + label_smoothing * log1p_exp(z), slope);
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const cpo& loss) {
    check_beta(name, loss.beta);
    check_label_smoothing(name, loss.label_smoothing);
  }
};

}  // namespace prefopt::inline v0_2
