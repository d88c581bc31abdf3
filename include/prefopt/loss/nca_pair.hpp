// SPDX-License-Identifier: MIT
#pragma once
// Noise contrastive alignment of a pair, Chen et al. 2024, arXiv:2402.05369:
//
//   loss = -log sigmoid(beta r_c) - 1/2 log sigmoid(-beta r_c) - 1/2 log sigmoid(-beta r_j)
//
// r_c and r_j are the responses' log-ratios to the reference, summed over tokens.

#include <string_view>

#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/log_ratios.hpp"

namespace prefopt::inline v0_2 {

/// Keeps the chosen response's likelihood up by itself, not only relative to the rejected one's.
struct nca_pair {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "nca_pair";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const auto [chosen, rejected] = log_ratios(pair);
    const double c = beta * chosen, j = beta * rejected;
    return {log1p_exp(-c) + 0.5 * log1p_exp(c) + 0.5 * log1p_exp(j),
            beta * (0.5 * sigmoid(c) - sigmoid(-c)), beta * 0.5 * sigmoid(j)};
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const nca_pair& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
