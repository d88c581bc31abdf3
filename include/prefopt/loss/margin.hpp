// SPDX-License-Identifier: MIT
#pragma once
// preference_margin: what DPO and its relatives read from a pair.

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt::inline v0_2 {

/// h = (log pi(chosen) - log ref(chosen)) - (log pi(rejected) - log ref(rejected)), in nats. Its
/// derivative with respect to `policy_chosen` is 1, to `policy_rejected` -1. Each response is
/// compared with the reference first: that difference of nearby numbers is exact in floating point,
/// no matter how long the other response is.
[[nodiscard]] PREFOPT_HOST_DEVICE constexpr double preference_margin(const pair_log_probs& pair) {
  return (pair.policy_chosen - pair.reference_chosen) -
         (pair.policy_rejected - pair.reference_rejected);
}

/// A loss of the margin as a loss of the pair.
[[nodiscard]] PREFOPT_HOST_DEVICE constexpr pair_loss through_margin(double loss,
                                                                     double slope_margin) {
  return {loss, slope_margin, -slope_margin};
}

}  // namespace prefopt::inline v0_2
