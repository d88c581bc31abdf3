// SPDX-License-Identifier: MIT
#pragma once
// best_of_list: the softmax probability of the first of several responses, from which listwise
// losses are built.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/math.hpp"
#include "prefopt/loss/groups.hpp"

namespace prefopt::inline v0_2 {

/// Indices into the list, the best first, equal scores in their order. Throws value_error for a
/// score that is not a number.
[[nodiscard]] inline std::vector<std::size_t> best_first(std::span<const response_log_probs> list) {
  for (const response_log_probs& one : list)
    if (std::isnan(one.score))
      throw value_error("a list of responses with a score that is not a number");
  std::vector<std::size_t> ranking(list.size());
  std::iota(ranking.begin(), ranking.end(), std::size_t{0});
  std::ranges::stable_sort(ranking, {}, [&](std::size_t i) { return -list[i].score; });
  return ranking;
}

/// Throws value_error, naming the loss, for fewer than two responses.
inline void require_list(std::string_view loss, std::span<const response_log_probs> list) {
  if (list.size() < 2)
    throw value_error(
        concat(loss, ": a list of ", list.size(), " responses, expected two or more"));
}

/// -log of the share of exp(beta r) that belongs to the first of `among` (indices into the list),
/// with r the log-ratio to the reference. Adds its derivatives with respect to each `policy` to
/// `slopes` [K]. If it is the only one, the loss is 0. Throws value_error if `among` is empty.
[[nodiscard]] inline double add_best_of_list(std::span<const response_log_probs> list,
                                             std::span<const std::size_t> among, double beta,
                                             std::span<double> slopes) {
  const auto ratio = [&](std::size_t i) { return list[i].policy - list[i].reference; };
  if (among.empty()) throw value_error("a list of responses with none to choose from");
  const std::size_t best = among.front();
  const auto others = among.subspan(1);
  if (others.empty()) return 0;
  // m = log sum_j exp(z_j) over the others, z_j = -beta (r_best - r_j): then the loss is log(1 +
  // exp(m)). With one other, m is z itself, so a pair gives the same bits as DPO.
  double greatest = -beta * (ratio(best) - ratio(others.front()));
  for (const std::size_t j : others)
    greatest = std::max(greatest, -beta * (ratio(best) - ratio(j)));
  double sum = 0;
  for (const std::size_t j : others) sum += std::exp(-beta * (ratio(best) - ratio(j)) - greatest);
  const double m = greatest + std::log(sum);
  const double slope = beta * sigmoid(m);
  slopes[best] -= slope;
  for (const std::size_t j : others)
    slopes[j] += slope * (std::exp(-beta * (ratio(best) - ratio(j)) - greatest) / sum);
  return log1p_exp(m);
}

}  // namespace prefopt::inline v0_2
