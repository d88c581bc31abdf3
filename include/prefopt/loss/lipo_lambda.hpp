// SPDX-License-Identifier: MIT
#pragma once
// LiPO-lambda, Liu et al. 2024, arXiv:2402.01878: all pairs of a list, weighted as in LambdaLoss,
//
//   loss = sum over pairs with psi_i > psi_j of D_ij log(1 + exp(-beta (r_i - r_j)))
//   D_ij = |2^psi_i - 2^psi_j| |1 / log(1 + t_i) - 1 / log(1 + t_j)|
//
// psi are the responses' scores, r their log-ratios to the reference, summed over tokens, and t
// their ranks from 1 by the policy's own r; D_ij is held constant. Scores are expected
// in 0 .. 1.

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/best_of_list.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/sorted_order.hpp"

namespace prefopt::inline v0_2 {

/// A pair counts by how far apart its scores are and how high the policy ranks it. Equal scores
/// form no pair.
struct lipo_lambda {
  double beta = 0.05;  ///< above 0

  static constexpr std::string_view name = "lipo_lambda";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  /// Throws value_error for a score beyond +-64, whose power of two would swamp the rest.
  [[nodiscard]] list_loss operator()(std::span<const response_log_probs> list) const {
    require_list(name, list);
    const std::vector<double> discounts = rank_discounts(list);
    list_loss result{0, std::vector<double>(list.size())};
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!(std::abs(list[i].score) <= 64))
        throw value_error(concat(name, ": a score of ", list[i].score, ", expected -64 to 64"));
      for (std::size_t j = 0; j < list.size(); ++j) {
        if (!(list[i].score > list[j].score)) continue;
        const double weight = std::abs(std::exp2(list[i].score) - std::exp2(list[j].score)) *
                              std::abs(discounts[i] - discounts[j]);
        const double z = beta * (ratio(list[i]) - ratio(list[j]));
        const double slope = weight * beta * sigmoid(-z);
        result.loss += weight * log1p_exp(-z);
        result.slopes[i] -= slope;
        result.slopes[j] += slope;
      }
    }
    return result;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const lipo_lambda& loss) { check_beta(name, loss.beta); }

 private:
  [[nodiscard]] static double ratio(const response_log_probs& one) {
    return one.policy - one.reference;
  }

  /// 1 / log(1 + rank) of each response; equal ones rank in their order.
  [[nodiscard]] static std::vector<double> rank_discounts(
      std::span<const response_log_probs> list) {
    std::vector<double> falling;
    for (const response_log_probs& one : list) falling.push_back(-ratio(one));
    const std::vector<std::size_t> ranking = sorted_order(falling);
    std::vector<double> discounts(list.size());
    for (std::size_t rank = 0; rank < ranking.size(); ++rank)
      discounts[ranking[rank]] = 1 / std::log1p(static_cast<double>(rank + 1));
    return discounts;
  }
};

}  // namespace prefopt::inline v0_2
