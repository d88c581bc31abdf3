// SPDX-License-Identifier: MIT
#pragma once
// log_ratios: the input of losses that read each response of a pair by itself.

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt::inline v0_2 {

/// log pi - log ref of both responses, in nats; beta times it is a response's reward in DPO
/// (Rafailov et al. 2023, arXiv:2305.18290, eq. 5).
struct pair_log_ratios {
  double chosen;
  double rejected;
};

[[nodiscard]] PREFOPT_HOST_DEVICE constexpr pair_log_ratios log_ratios(const pair_log_probs& pair) {
  return {pair.policy_chosen - pair.reference_chosen,
          pair.policy_rejected - pair.reference_rejected};
}

}  // namespace prefopt::inline v0_2
