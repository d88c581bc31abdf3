// SPDX-License-Identifier: MIT
#pragma once
// DiscoPOP, the log-ratio-modulated loss found by a search, Lu et al. 2024, arXiv:2406.08414: with
// z = beta h and m = sigmoid(z / tau),
//
//   loss = -(1 - m) log sigmoid(z) + m exp(-z)
//
// h is the margin of summed log-probs. It is not convex: around a margin of 0 it rises a little, as
// the paper shows.

#include <cmath>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/core/host_device.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/margin.hpp"

namespace prefopt::inline v0_2 {

/// Logistic for pairs in the wrong order, exponential for the others.
struct discopop {
  double beta = 0.1;          ///< above 0
  double temperature = 0.05;  ///< tau, above 0, at most 1

  static constexpr std::string_view name = "discopop";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  static constexpr bool reads_margin_only = true;

  [[nodiscard]] PREFOPT_HOST_DEVICE pair_loss operator()(const pair_log_probs& pair) const {
    const double z = beta * preference_margin(pair), u = z / temperature;
    const double m = sigmoid(u), rest = sigmoid(-u), bend = m * rest / temperature;
    // exp(-z) m in one exponent: for large negative margins, exp(-z) alone overflows.
    const double exponential = std::exp(-z - log1p_exp(-u)), logistic = log1p_exp(-z);
    const double slope =
        -sigmoid(-z) * rest - logistic * bend - exponential + exponential * rest / temperature;
    return through_margin(rest * logistic + exponential, beta * slope);
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const discopop& loss) {
    check_beta(name, loss.beta);
    if (!(loss.temperature > 0 && loss.temperature <= 1))
      throw value_error(
          concat(name, ": temperature is ", loss.temperature, ", expected 0 < temperature <= 1"));
  }
};

}  // namespace prefopt::inline v0_2
