// SPDX-License-Identifier: MIT
#pragma once
// The language-model head: logits, the log-softmax at the targets, and their backward passes.
//
// Legend: R head rows, C channels, V vocabulary, M targets.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/parallel.hpp"

namespace prefopt::inline v0_2::detail {

/// log sum exp of a row, nats. Short runs are summed in Real, vectorized, and the runs' sums in
/// double.
template <class Row>
[[nodiscard]] double log_sum_exp_of(const Row& row) {
  using real = typename Row::Scalar;
  constexpr Eigen::Index run = 1024;
  const real top = row.maxCoeff();
  double sum = 0;
  for (Eigen::Index first = 0; first < row.size(); first += run)
    sum += static_cast<double>(
        (row.segment(first, std::min(run, row.size() - first)) - top).exp().sum());
  return static_cast<double>(top) + std::log(sum);
}

/// From the logits of the head rows from `first` on, assigns their entries of log_sums [R] and of
/// log_probs [M] in nats.
template <class Real>
void head_log_probs(int threads, matrix_view<const Real> logits, std::size_t first,
                    const head_targets& targets, std::span<Real> log_sums,
                    std::span<double> log_probs) {
  parallel_ranges(threads, logits.extent(0), 1,
                  [&](std::size_t begin, std::size_t end, std::size_t) {
                    for (std::size_t row = begin; row < end; ++row) {
                      const double log_sum = log_sum_exp_of(as_eigen_row(logits, row));
                      log_sums[first + row] = static_cast<Real>(log_sum);
                      for (const std::int32_t target : targets.of(first + row)) {
                        const auto i = static_cast<std::size_t>(target);
                        log_probs[i] = static_cast<double>(logits(row, targets[i].token)) - log_sum;
                      }
                    }
                  });
}

/// Replaces the logits by d loss / d logits [R, V], from the slopes [M] of the targets' log-probs:
/// slope * (1 at the target - softmax), summed over the targets of a row.
template <class Real>
void head_logits_backward(int threads, matrix_view<Real> logits, std::span<const Real> log_sums,
                          const head_targets& targets, std::span<const double> slopes) {
  parallel_ranges(threads, logits.extent(0), 1,
                  [&](std::size_t begin, std::size_t end, std::size_t) {
                    for (std::size_t row = begin; row < end; ++row) {
                      double slope = 0;  // sum over the row's targets
                      for (const std::int32_t target : targets.of(row))
                        slope += slopes[static_cast<std::size_t>(target)];
                      auto values = as_eigen_row(logits, row);
                      values = (values - log_sums[row]).exp() * static_cast<Real>(-slope);
                      for (const std::int32_t target : targets.of(row)) {
                        const auto i = static_cast<std::size_t>(target);
                        logits(row, targets[i].token) += static_cast<Real>(slopes[i]);
                      }
                    }
                  });
}

}  // namespace prefopt::inline v0_2::detail
