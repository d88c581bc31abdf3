// SPDX-License-Identifier: MIT
#pragma once
// Kahneman-Tversky optimization, Ethayarajh et al. 2024, arXiv:2402.01306, for unpaired responses:
//
//   loss = w_d (1 - sigmoid(beta (r - z)))  of a desirable response
//   loss = w_u (1 - sigmoid(beta (z - r)))  of an undesirable one
//
// r are log-ratios to the reference, summed over tokens. z = max(0, mean of r over the step's
// mismatched responses, each of which answers another prompt) estimates how far the policy has
// moved and is held constant.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/groups.hpp"

namespace prefopt::inline v0_2 {

/// For examples that come with a mismatched response (`add_mismatched`). The weights balance
/// desirable and undesirable examples if there are more of one kind.
struct kto {
  double beta = 0.1;              ///< above 0
  double desirable_weight = 1;    ///< w_d, at least 0
  double undesirable_weight = 1;  ///< w_u, at least 0

  static constexpr std::string_view name = "kto";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{.mismatched = true};

  /// Throws value_error if no example has a mismatched response, and for pairs and lists.
  [[nodiscard]] batch_losses operator()(const response_groups& groups) const {
    const double moved = distance(groups);
    batch_losses results{std::vector<double>(groups.size()),
                         std::vector<double>(groups.responses.size())};
    for (std::size_t e = 0; e < groups.size(); ++e) {
      for (std::size_t s = groups.begins[e]; s < groups.begins[e + 1]; ++s) {
        const response_log_probs& one = groups.responses[s];
        if (std::isnan(one.score)) continue;
        const double sign = one.score > 0 ? 1 : -1;
        const double weight = one.score > 0 ? desirable_weight : undesirable_weight;
        const double z = sign * beta * (one.policy - one.reference - moved);
        results.losses[e] += weight * sigmoid(-z);
        results.slopes[s] = -weight * sign * beta * sigmoid(z) * sigmoid(-z);
      }
    }
    return results;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const kto& loss) {
    check_beta(name, loss.beta);
    for (const double weight : {loss.desirable_weight, loss.undesirable_weight})
      if (!(std::isfinite(weight) && weight >= 0))
        throw value_error(
            concat(name, ": a weight of ", weight, ", expected a finite number of at least 0"));
  }

 private:
  [[nodiscard]] static double distance(const response_groups& groups) {
    double sum = 0, count = 0;
    for (std::size_t e = 0; e < groups.size(); ++e) {
      std::size_t own = 0;
      for (const response_log_probs& one : groups[e]) {
        if (!std::isnan(one.score)) {
          ++own;
          continue;
        }
        sum += one.policy - one.reference;
        count += 1;
      }
      if (own > 1)
        throw value_error(
            concat(name, ": an example with ", own,
                   " responses to its prompt, expected unpaired examples (kto_pair reads pairs)"));
    }
    if (count == 0)
      throw value_error(concat(name, ": no example has a mismatched response, expected one each"));
    return std::max(sum / count, 0.0);  // in this order NaN propagates
  }
};

}  // namespace prefopt::inline v0_2
