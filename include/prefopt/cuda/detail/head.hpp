// SPDX-License-Identifier: MIT
#pragma once
// The head's log-softmax at the targets and its backward pass, one block per row.
//
// Legend: R head rows, V vocabulary, M targets.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::inline v0_2::detail {

inline constexpr unsigned head_threads = 512;

[[nodiscard]] inline launch_shape a_block_a_row(std::size_t rows) {
  return {.blocks = {static_cast<unsigned>(rows), 1, 1},
          .threads = head_threads,
          .shared_bytes = head_threads / warp_size * sizeof(float)};
}

/// Folds one number per warp over a block of head_threads, with the same bits in every thread.
template <class Thread, class Fold>
[[nodiscard]] PREFOPT_DEVICE float over_warps(Thread& t, float value, const Fold& fold) {
  auto* const of_warp = reinterpret_cast<float*>(t.shared());
  if (t.index() % warp_size == 0) of_warp[t.index() / warp_size] = value;
  t.sync();
  float all = of_warp[0];
  for (unsigned warp = 1; warp < t.count() / warp_size; ++warp) all = fold(all, of_warp[warp]);
  t.sync();  // before the next call writes there
  return all;
}

/// From a row's logits: log_sums [R] in nats. If logits are kept: the logits minus the row's
/// maximum, with their own log_sums. The likely tokens' kept logits are near 0 and lose little in
/// rounding to bfloat16, for any offset of the row.
template <class T>
struct head_rows_kernel {
  device_rows<const float> logits;
  std::size_t vocabulary;
  float* log_sums;
  device_rows<T> kept;  // without data, nothing is kept
  float* kept_log_sums;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t row = t.block(0);
    float top = -std::numeric_limits<float>::infinity();
    const auto logit = [&](std::size_t v) { return logits[row][v]; };
    for_each_loaded<head_threads>(t.index(), vocabulary, logit,
                                  [&](std::size_t, float loaded) { top = std::fmax(top, loaded); });
    top = over_warps(t, t.warp_max(top), [](float a, float b) { return std::fmax(a, b); });
    float sum = 0;
    for_each_loaded<head_threads>(t.index(), vocabulary, logit, [&](std::size_t v, float loaded) {
      const float below = loaded - top;
      sum += std::exp(below);
      if (kept.data != nullptr) kept[row][v] = narrow<T>(below);
    });
    sum = over_warps(t, t.warp_sum(sum), [](float a, float b) { return a + b; });
    if (t.index() == 0) {
      log_sums[row] = top + std::log(sum);
      if (kept.data != nullptr) kept_log_sums[row] = std::log(sum);
    }
  }
};

/// A target of the head rows that a kernel works on: index in the list of targets, row among those
/// rows, token.
struct target_slot {
  std::int32_t offset, row, token;
};

/// Writes log_probs [M] at the targets' indices.
struct target_log_probs_kernel {
  const target_slot* targets;
  std::size_t count;
  device_rows<const float> logits;
  const float* log_sums;
  double* log_probs;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t i = std::size_t{t.block(0)} * t.count() + t.index();
    if (i >= count) return;
    const target_slot target = targets[i];
    const auto row = static_cast<std::size_t>(target.row);
    const float logit = logits[row][static_cast<std::size_t>(target.token)];
    log_probs[target.offset] = static_cast<double>(logit) - static_cast<double>(log_sums[row]);
  }
};

/// Replaces the logits by their gradient: the slopes of an element's targets, minus the softmax
/// times the slopes of all targets of the row. At a target, both terms are added before rounding:
/// they nearly cancel if the softmax is near 1.
template <class T>
struct head_backward_kernel {
  device_rows<T> logits;
  std::size_t vocabulary;
  const float* log_sums;
  const target_slot* targets;  // sorted by row
  const std::int32_t* begins;  // [R + 1]
  const float* slopes;         // [M], in the order of `targets`
  float* at_targets;           // [M] scratch

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t row = t.block(0);
    const std::int32_t begin = begins[row], end = begins[row + 1];
    const float log_sum = log_sums[row];
    T* const of_row = logits[row];
    float all = 0;
    for (std::int32_t i = begin; i < end; ++i) all += slopes[i];
    const auto first = begin + static_cast<std::int32_t>(t.index()),
               step = static_cast<std::int32_t>(t.count());
    for (std::int32_t i = first; i < end; i += step) {
      float slope = -all * std::exp(widen(of_row[targets[i].token]) - log_sum);
      for (std::int32_t j = begin; j < end; ++j)
        if (targets[j].token == targets[i].token) slope += slopes[j];
      at_targets[i] = slope;
    }
    t.sync();  // the targets' logits have been read
    for_each_loaded<head_threads>(
        t.index(), vocabulary, [&](std::size_t v) { return of_row[v]; },
        [&](std::size_t v, T logit) {
          of_row[v] = narrow<T>(-all * std::exp(widen(logit) - log_sum));
        });
    t.sync();  // before the targets' elements are assigned
    for (std::int32_t i = first; i < end; i += step)
      of_row[targets[i].token] = narrow<T>(at_targets[i]);
  }
};

}  // namespace prefopt::inline v0_2::detail
