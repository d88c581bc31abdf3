// SPDX-License-Identifier: MIT
#pragma once
// Softmax-DPO, Chen et al. 2024, arXiv:2406.09215: one preferred response against several others at
// once,
//
//   loss = -log sigmoid(-log sum_j exp(beta (r_j - r_c)))
//
// r are the responses' log-ratios to the reference, summed over tokens. With one other response, it
// is DPO.

#include <span>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/best_of_list.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/groups.hpp"

namespace prefopt::inline v0_2 {

/// The others are not ranked among themselves.
struct s_dpo {
  double beta = 1;  ///< above 0

  static constexpr std::string_view name = "s_dpo";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  /// Throws value_error if no response is better than all others.
  [[nodiscard]] list_loss operator()(std::span<const response_log_probs> list) const {
    require_list(name, list);
    const std::vector<std::size_t> ranking = best_first(list);
    if (!(list[ranking[0]].score > list[ranking[1]].score))
      throw value_error(concat(name, ": two best responses with score ", list[ranking[0]].score,
                               ", expected one"));
    list_loss result{0, std::vector<double>(list.size())};
    result.loss = add_best_of_list(list, ranking, beta, result.slopes);
    return result;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const s_dpo& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
