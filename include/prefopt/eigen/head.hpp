// SPDX-License-Identifier: MIT
#pragma once
// The language-model head: logits, the log-softmax at the targets, and their adjoint.
// Legend: R head rows, C channels, V vocabulary, M targets.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/maps.hpp"
#include "prefopt/eigen/parallel.hpp"

namespace prefopt::detail {

/// log sum exp of a row, nats. Short runs are summed in Real, vectorized, and the runs in double.
template <class Row>
[[nodiscard]] double log_sum_exp_of(const Row& row) {
  using real = typename Row::Scalar;
  constexpr Eigen::Index run = 1024;
  const real top = row.maxCoeff();
  double sum = 0;
  for (Eigen::Index first = 0; first < row.size(); first += run)
    sum += static_cast<double>((row.segment(first, std::min(run, row.size() - first)) - top).exp().sum());
  return static_cast<double>(top) + std::log(sum);
}

/// Assigns log_sums [R] and log_probs [M] in nats.
template <class Real>
void head_log_probs(int threads, matrix_view<const Real> logits, std::span<const head_target> targets,
                    std::span<Real> log_sums, std::span<double> log_probs) {
  std::vector<double> sums(logits.extent(0));
  parallel_ranges(threads, logits.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row) {
      sums[row] = log_sum_exp_of(as_eigen_row(logits, row));
      log_sums[row] = static_cast<Real>(sums[row]);
    }
  });
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto slot = static_cast<std::size_t>(targets[i].slot);
    log_probs[i] = static_cast<double>(logits(slot, targets[i].token)) - sums[slot];
  }
}

/// d loss / d logits [R, V], in place of the logits, from the slopes [M] of the targets' log-probs:
/// slope * (1 at the target - softmax), summed over the targets of a row.
template <class Real>
void head_logits_backward(int threads, matrix_view<Real> logits, std::span<const Real> log_sums,
                          std::span<const head_target> targets, std::span<const double> slopes) {
  std::vector<double> row_slopes(logits.extent(0));
  for (std::size_t i = 0; i < targets.size(); ++i) row_slopes[static_cast<std::size_t>(targets[i].slot)] += slopes[i];
  parallel_ranges(threads, logits.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t row = begin; row < end; ++row) {
      auto values = as_eigen_row(logits, row);
      values = (values - log_sums[row]).exp() * static_cast<Real>(-row_slopes[row]);
    }
  });
  for (std::size_t i = 0; i < targets.size(); ++i)
    logits(static_cast<std::size_t>(targets[i].slot), targets[i].token) += static_cast<Real>(slopes[i]);
}

}  // namespace prefopt::detail
