// SPDX-License-Identifier: MIT
#pragma once
// Binary classifier optimization with its reward shift, Jung et al. 2024, arXiv:2404.04656:
//
//   loss = -log sigmoid(beta r - d)     of a desirable response
//   loss = -log sigmoid(-(beta r - d))  of an undesirable one
//
// r are log-ratios to the reference, summed over tokens, and d is the mean of beta r over all
// responses of all steps so far, including this one, held constant.

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/groups.hpp"

namespace prefopt::inline v0_2 {

/// For pairs and for unpaired examples. An example's loss is the sum over its responses.
struct bco {
  double beta = 0.1;  ///< above 0

  /// The state that it carries from step to step.
  struct running_mean {
    double value = 0;
    double count = 0;  ///< responses seen
  } shift = {};

  static constexpr std::string_view name = "bco";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] batch_losses operator()(const response_groups& groups) const {
    batch_losses results{std::vector<double>(groups.size()),
                         std::vector<double>(groups.responses.size())};
    for (std::size_t e = 0; e < groups.size(); ++e) {
      for (std::size_t s = groups.begins[e]; s < groups.begins[e + 1]; ++s) {
        const response_log_probs& one = groups.responses[s];
        if (std::isnan(one.score)) continue;  // answers another prompt
        const double sign = one.score > 0 ? 1 : -1;
        const double z = sign * (beta * (one.policy - one.reference) - shift.value);
        results.losses[e] += log1p_exp(-z);
        results.slopes[s] = -sign * beta * sigmoid(-z);
      }
    }
    return results;
  }

  void observe(const response_groups& groups) {
    for (const response_log_probs& one : groups.responses) {
      if (std::isnan(one.score)) continue;
      shift.count += 1;
      shift.value += (beta * (one.policy - one.reference) - shift.value) / shift.count;
    }
  }

  [[nodiscard]] std::vector<double> state() const { return {shift.value, shift.count}; }

  void restore(std::span<const double> state) {
    if (state.size() != 2 || !std::isfinite(state[0]) || !(state[1] >= 0))
      throw value_error(concat(name, ": an invalid state of ", state.size(),
                               " numbers, expected a mean and a count"));
    shift = {state[0], state[1]};
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const bco& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
