// SPDX-License-Identifier: MIT
#pragma once
// Binary classifier optimization on pairs, Jung et al. 2024, arXiv:2404.04656, without its shift (a
// running mean over steps):
//
//   loss = -log sigmoid(beta r_c) - log sigmoid(-beta r_j)
//
// r_c and r_j are the responses' log-ratios to the reference, summed over tokens.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt::inline v0_2 {

/// Classifies each response by itself: thumbs up, thumbs down.
struct bco_pair {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "bco_pair";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const auto [chosen, rejected] = log_ratios(pair);
    const double c = beta * chosen, j = beta * rejected;
    return {log1p_exp(-c) + log1p_exp(j), -beta * sigmoid(-c), beta * sigmoid(j)};
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const bco_pair& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
