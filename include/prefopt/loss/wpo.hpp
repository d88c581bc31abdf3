// SPDX-License-Identifier: MIT
#pragma once
// Weighted preference optimization, Zhou et al. 2024, arXiv:2406.11827, eq. 2: each example's loss
// times
//
//   w = product over its responses of exp(mean over tokens of [log p(token) - log sum_v p(v)^2])
//
// held constant: responses that the policy itself would hardly give count less, as if the data came
// from it.

#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/loss_around.hpp"
#include "prefopt/loss/token_losses.hpp"

namespace prefopt::inline v0_2 {

/// `wpo{dpo{.beta = 0.1}}`: any loss that does not couple a step's examples. Needs a policy that
/// provides square sums.
template <preference_loss Loss>
  requires(!batch_loss<Loss>)
struct wpo : loss_around<Loss> {
  static constexpr std::string_view name = "wpo";
  loss_inputs inputs;

  explicit wpo(Loss weighted) : loss_around<Loss>(std::move(weighted)), inputs(this->loss.inputs) {
    inputs.square_sums = true;
  }

  [[nodiscard]] token_results operator()(const token_groups& groups) const {
    token_results results = token_losses(this->loss, groups);
    for (std::size_t e = 0; e < groups.size(); ++e) {
      double weight = 1;
      for (const response_tokens& response : groups[e]) weight *= weight_of(response, groups);
      results.losses[e] *= weight;
      for (const response_tokens& response : groups[e]) {
        for (double& slope : detail::tokens_of(response, std::span(results.slopes)))
          slope *= weight;
        if (results.divergence_slopes.empty()) continue;
        for (double& slope : detail::tokens_of(response, std::span(results.divergence_slopes)))
          slope *= weight;
      }
    }
    return results;
  }

  /// Throws value_error for a loss that couples a step's examples, and for the loss's own
  /// hyper-parameters.
  friend void check(const wpo& self) {
    check(self.loss);
    if (self.couples())
      throw value_error(
          "wpo: a loss that couples the examples of a step cannot be weighted per example");
  }

 private:
  [[nodiscard]] static double weight_of(const response_tokens& response,
                                        const token_groups& groups) {
    if (response.count == 0) return 1;
    const auto log_probs = detail::tokens_of(response, groups.policy);
    const auto square_sums = detail::tokens_of(response, groups.square_sums);
    double sum = 0;
    for (std::size_t t = 0; t < response.count; ++t) sum += log_probs[t] - square_sums[t];
    return std::exp(sum / static_cast<double>(response.count));
  }
};

}  // namespace prefopt::inline v0_2
