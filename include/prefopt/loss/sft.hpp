// SPDX-License-Identifier: MIT
#pragma once
// Supervised fine-tuning as a loss of a pair that reads only its chosen response: the negative
// log-likelihood
//
//   loss = -1/n sum over the response's n tokens of log pi(token | what precedes it)
//
// Trains a policy before preferences do, or serves as a term next to them (Ouyang et al. 2022,
// arXiv:2203.02155, sec. 3.1). A step's loss is the mean over its responses of these means; Hugging
// Face's language-model loss is the mean over all tokens of the batch, in which a long response has
// more weight.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt::inline v0_2 {

/// Has no hyper-parameters.
struct sft {
  static constexpr std::string_view name = "sft";
  static constexpr token_reduction reduction = token_reduction::mean;
  static constexpr loss_inputs inputs{.rejected = false, .reference = false};

  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr pair_loss operator()(
      const pair_log_probs& pair) const {
    return {-pair.policy_chosen, -1, 0};
  }

  friend void check(const sft&) {}
};

}  // namespace prefopt::inline v0_2
