// SPDX-License-Identifier: MIT
#pragma once
// The members of cuda_backend that are the language model's head.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/head.hpp"
#include "prefopt/cuda/detail/product.hpp"
#include "prefopt/cuda/detail/rounded_weights.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// The targets of the head rows [begin, end), sorted by row, and each row's first.
struct target_slots {
  std::vector<target_slot> all;
  std::vector<std::int32_t> begins;

  target_slots(const head_targets& targets, std::size_t begin, std::size_t end) {
    begins.push_back(0);
    for (std::size_t row = begin; row < end; ++row) {
      for (const std::int32_t i : targets.of(row))
        all.push_back({i, static_cast<std::int32_t>(row - begin),
                       targets[static_cast<std::size_t>(i)].token});
      begins.push_back(static_cast<std::int32_t>(all.size()));
    }
  }
};

}  // namespace detail

template <class Activation, class Device>
void cuda_backend<Activation, Device>::head_logits(const_matrix hidden, weight_table weight,
                                                   gradients logits) const {
  device_->multiply(detail::device_product<Activation, float>{
      .out = logits,
      .left = hidden,
      .right = detail::operand<Activation>(*device_, *rounded_, weight),
      .right_is_transposed = true});
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::head_log_probs(const_matrix hidden, weight_table weight,
                                                      const head_targets& targets, matrix logits,
                                                      numbers log_sums,
                                                      std::span<double> log_probs) const {
  constexpr std::size_t line = 16;  // rows of whole cache lines: products prefer aligned ones
  const std::size_t rows = hidden.extent(0), vocabulary = weight.extent(0);
  const std::size_t stride = (vocabulary + line - 1) / line * line;
  const std::size_t chunk =
      std::clamp<std::size_t>(head_logits_ / stride, 1, std::max<std::size_t>(rows, 1));
  const bool keep = logits.extent(0) != 0;
  constexpr bool kept_whole = std::is_same_v<Activation, float>;
  auto room = scratch<float>(keep && kept_whole ? 0 : chunk * stride);
  auto sums = scratch<float>(chunk);
  auto results = scratch<double>(targets.size());
  for (std::size_t begin = 0; begin < rows; begin += chunk) {
    const std::size_t end = std::min(rows, begin + chunk);
    gradients part(room.data(), {end - begin, vocabulary}, {stride, 1});
    detail::device_rows<Activation> kept{nullptr, 0};
    if constexpr (kept_whole) {
      if (keep) part = logits.rows(begin, end);
    } else {
      if (keep) kept = detail::rows_of(logits.rows(begin, end));
    }
    head_logits(hidden.rows(begin, end), weight, part);
    float* const of_rows = log_sums.data() + begin;
    float* const part_sums = kept.data != nullptr ? sums.data() : of_rows;
    const auto part_rows = detail::rows_of(weights(part));
    device_->launch(
        detail::head_rows_kernel<Activation>{part_rows, vocabulary, part_sums, kept, of_rows},
        detail::a_block_a_row(end - begin));
    const detail::target_slots slots(targets, begin, end);
    const auto there = detail::uploaded(*device_, slots.all);
    device_->launch(detail::target_log_probs_kernel{there.data(), slots.all.size(), part_rows,
                                                    part_sums, results.data()},
                    {.blocks = {detail::blocks_for(slots.all.size(), 256), 1, 1}});
  }
  device_->to_host(log_probs.data(), results.data(), log_probs.size_bytes());
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::head_backward(matrix logits, const_numbers log_sums,
                                                     const head_targets& targets,
                                                     std::span<const double> slopes,
                                                     const_matrix hidden, weight_table weight,
                                                     matrix d_hidden, gradients d_weight) const {
  const detail::target_slots slots(targets, 0, logits.extent(0));
  std::vector<float> in_order;
  for (const detail::target_slot& target : slots.all)
    in_order.push_back(static_cast<float>(slopes[static_cast<std::size_t>(target.offset)]));
  const auto targets_there = detail::uploaded(*device_, slots.all);
  const auto begins_there = detail::uploaded(*device_, slots.begins);
  const auto slopes_there = detail::uploaded(*device_, in_order);
  auto at_targets = scratch<float>(in_order.size());
  device_->launch(
      detail::head_backward_kernel<Activation>{
          detail::rows_of(logits), weight.extent(0), log_sums.data(), targets_there.data(),
          begins_there.data(), slopes_there.data(), at_targets.data()},
      detail::a_block_a_row(logits.extent(0)));
  const const_matrix d_logits = logits;
  device_->multiply(detail::device_product<Activation, Activation>{
      .out = d_hidden,
      .left = d_logits,
      .right = detail::operand<Activation>(*device_, *rounded_, weight)});
  if (d_weight.extent(0) == 0) return;
  device_->multiply(detail::device_product<Activation, float>{.out = d_weight,
                                                              .left = d_logits,
                                                              .right = hidden,
                                                              .left_is_transposed = true,
                                                              .addend = d_weight});
}

}  // namespace prefopt::inline v0_2
