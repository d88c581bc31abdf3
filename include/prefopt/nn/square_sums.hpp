// SPDX-License-Identifier: MIT
#pragma once
// log sum_v p(v)^2 of a head's distributions, a measure of how peaked they are; WPO weights tokens
// by it. Computed on the host, row by row: one exponential per logit.
//
// Legend: M targets, R head rows, V vocabulary.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/nn/trunk.hpp"

namespace prefopt::inline v0_2::detail {

/// log sum_v p(v)^2 with p = softmax(logits), [V].
template <class Number>
[[nodiscard]] double log_square_sum(std::span<const Number> logits) {
  using real = std::conditional_t<std::same_as<Number, double>, double, float>;
  real greatest = static_cast<real>(logits[0]);
  for (const Number logit : logits) greatest = std::max(greatest, static_cast<real>(logit));
  double sum = 0, square_sum = 0;
  for (const Number logit : logits) {
    const double share = std::exp(static_cast<real>(logit) - greatest);
    sum += share;
    square_sum += share * share;
  }
  return std::log(square_sum) - 2 * std::log(sum);
}

/// Appends the log square sums of the first `rows` rows of logits in the backend's memory.
template <class Backend, class Number>
void add_square_sums(const Backend& backend, const backend_matrix<Backend, Number>& logits,
                     std::size_t rows, std::vector<double>& of_rows) {
  std::vector<Number> row(logits.view().extent(1));
  for (std::size_t r = 0; r < rows; ++r) {
    backend.copy_to_host(logits.row(r), std::span(row));
    of_rows.push_back(log_square_sum(std::span<const Number>(row)));
  }
}

/// Picks [M] from [R].
[[nodiscard]] inline std::vector<double> at_targets(const head_targets& targets,
                                                    std::span<const double> of_rows) {
  std::vector<double> numbers(targets.size());
  for (std::size_t m = 0; m < numbers.size(); ++m)
    numbers[m] = of_rows[static_cast<std::size_t>(targets[m].slot)];
  return numbers;
}

}  // namespace prefopt::inline v0_2::detail
