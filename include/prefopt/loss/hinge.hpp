// SPDX-License-Identifier: MIT
#pragma once
// The hinge of the margin: the sequence likelihood calibration loss, Zhao et al. 2023,
// arXiv:2305.10425, eq. 2, on DPO's margin as Liu et al. 2023, arXiv:2309.06657, put it:
//
//   loss = max(0, 1 - beta h)
//
// h is the margin of summed log-probs.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Pairs that are separated by 1 / beta nats no longer move the policy.
struct hinge {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "hinge";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  /// At the kink the slope is 0, that of the flat side.
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr pair_loss operator()(
      const pair_log_probs& pair) const {
    const double short_of = 1 - beta * preference_margin(pair);
    if (short_of <= 0) return {};
    return through_margin(short_of, -beta);
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const hinge& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
