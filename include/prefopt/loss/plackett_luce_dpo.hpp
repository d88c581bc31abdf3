// SPDX-License-Identifier: MIT
#pragma once
// DPO for a ranking of K responses under the Plackett-Luce model, Rafailov et al. 2023,
// arXiv:2305.18290, appendix A.3:
//
//   loss = -sum_k [beta r_(k) - log sum_{i >= k} exp(beta r_(i))],   k = 1 .. K - 1, best first
//
// r are the responses' log-ratios to the reference, summed over tokens. For K = 2 it is DPO, to the
// last bit.

#include <span>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/best_of_list.hpp"
#include "prefopt/loss/check_beta.hpp"
#include "prefopt/loss/groups.hpp"

namespace prefopt::inline v0_2 {

/// Compares every response with all that rank below it.
struct plackett_luce_dpo {
  double beta = 0.1;  ///< above 0

  static constexpr std::string_view name = "plackett_luce_dpo";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};

  /// Throws value_error if two responses have the same score: the model ranks without ties.
  [[nodiscard]] list_loss operator()(std::span<const response_log_probs> list) const {
    require_list(name, list);
    const std::vector<std::size_t> ranking = best_first(list);
    for (std::size_t k = 1; k < ranking.size(); ++k)
      if (!(list[ranking[k - 1]].score > list[ranking[k]].score))
        throw value_error(concat(name, ": two responses with score ", list[ranking[k]].score,
                                 ", expected a ranking"));
    list_loss result{0, std::vector<double>(list.size())};
    for (std::size_t k = 0; k + 1 < ranking.size(); ++k)
      result.loss += add_best_of_list(list, std::span(ranking).subspan(k), beta, result.slopes);
    return result;
  }

  /// Throws value_error for a hyper-parameter outside its range.
  friend void check(const plackett_luce_dpo& loss) { check_beta(name, loss.beta); }
};

}  // namespace prefopt::inline v0_2
