// SPDX-License-Identifier: MIT
#pragma once
// Definitions of cuda_backend's members for any device: the products and kernels of each operation.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/activation.hpp"
#include "prefopt/cuda/detail/attention.hpp"
#include "prefopt/cuda/detail/column_sums.hpp"
#include "prefopt/cuda/detail/embedding.hpp"
#include "prefopt/cuda/detail/head.hpp"
#include "prefopt/cuda/detail/layer_norm.hpp"
#include "prefopt/cuda/detail/optimizer.hpp"
#include "prefopt/cuda/detail/product.hpp"
#include "prefopt/cuda/detail/rounded_weights.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

[[nodiscard]] inline std::size_t device_bytes(std::size_t count, std::size_t size) {
  if (count > std::numeric_limits<std::size_t>::max() / size) throw std::bad_alloc();
  return count * size;
}

/// A vector's content on the device, in scratch memory.
template <class Device, class T>
[[nodiscard]] device_buffer<T> uploaded(const Device& device, const std::vector<T>& values) {
  return device.upload(std::span<const T>(values));
}

/// A weight in the type that products of `Activation` read.
template <class Activation, class Device>
[[nodiscard]] matrix_view<const Activation> operand(const Device& device,
                                                    rounded_weights<Device>& rounded,
                                                    matrix_view<const float> weight) {
  if constexpr (std::is_same_v<Activation, float>)
    return weight;
  else
    return rounded.of(device, weight);
}

/// Whether products finish with an activation. cuBLASLt has only the tanh form, and its tanh is
/// only about as precise as bfloat16, so our own kernels finish float32.
template <class Activation>
[[nodiscard]] constexpr bool folds(activation_function activation) {
  return activation == activation_function::gelu_new && std::is_same_v<Activation, bfloat16>;
}

/// An empty bias is none.
[[nodiscard]] inline const float* data_or_none(std::span<const float> bias) {
  return bias.empty() ? nullptr : bias.data();
}

/// The backward pass of x W + b with respect to W, stored in `order`, and b: adds to both, except
/// for an empty one.
template <class Activation, class Device>
void weight_backward(const Device& device, matrix_view<const Activation> d_y,
                     matrix_view<const Activation> x, weight_order order,
                     matrix_view<float> d_weight, std::span<float> d_bias) {
  const bool in_out = order == weight_order::in_out;
  if (d_weight.extent(0) != 0)
    device.multiply(device_product<Activation, float>{.out = d_weight,
                                                      .left = in_out ? x : d_y,
                                                      .right = in_out ? d_y : x,
                                                      .left_is_transposed = true,
                                                      .addend = d_weight});
  if (!d_bias.empty())
    add_column_sums(device, element_term<Activation>{rows_of(d_y)}, d_y.extent(0), d_y.extent(1),
                    d_bias.data());
}

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

// construction and storage

template <class Activation, class Device>
cuda_backend<Activation, Device>::cuda_backend(std::shared_ptr<Device> device, cuda_options options)
    : head_logits_(options.head_logits),
      device_(std::move(device)),
      plans_(std::make_shared<detail::attention_plans>()),
      rounded_(std::make_shared<detail::rounded_weights<Device>>()) {}

template <class Activation, class Device>
cuda_backend<Activation, Device>::cuda_backend(cuda_options options)
    : cuda_backend(std::make_shared<Device>(options), options) {
  if (options.tf32 && !std::is_same_v<Activation, float>)
    throw value_error(
        "cuda_backend: tf32 applies to float32 products, but this backend multiplies in bfloat16");
}

template <class Activation, class Device>
std::string cuda_backend<Activation, Device>::instruction_set() const {
  return device_->name() + (std::is_same_v<Activation, float> ? ", float32" : ", bfloat16");
}

template <class Activation, class Device>
std::size_t cuda_backend<Activation, Device>::preferred_tokens() const {
  const std::size_t shares = device_->memory_bytes() / (std::size_t{16} << 30);
  return 4096 * std::clamp<std::size_t>(shares, 1, 8);
}

template <class Activation, class Device>
std::vector<product_fallback> cuda_backend<Activation, Device>::product_fallbacks() const {
  return device_->products_elsewhere().all();
}

template <class Activation, class Device>
detail::device_block cuda_backend<Activation, Device>::lasting(std::size_t count,
                                                               std::size_t size) const {
  rounded_->forget_all();  // the new tensor may reuse an address
  return device_->lasting(detail::device_bytes(count, size));
}
template <class Activation, class Device>
detail::device_block cuda_backend<Activation, Device>::pooled(std::size_t count,
                                                              std::size_t size) const {
  return device_->scratch(detail::device_bytes(count, size));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::copy_from_host(const_numbers from, numbers to) const {
  rounded_->forget(to);
  device_->to_device(to.data(), from.data(), from.size_bytes());
}
template <class Activation, class Device>
void cuda_backend<Activation, Device>::copy_to_host(const_numbers from, numbers to) const {
  device_->to_host(to.data(), from.data(), from.size_bytes());
}
template <class Activation, class Device>
void cuda_backend<Activation, Device>::copy_from_host(std::span<const bfloat16> from,
                                                      std::span<bfloat16> to) const {
  device_->to_device(to.data(), from.data(), from.size_bytes());
}
template <class Activation, class Device>
void cuda_backend<Activation, Device>::copy_to_host(std::span<const bfloat16> from,
                                                    std::span<bfloat16> to) const {
  device_->to_host(to.data(), from.data(), from.size_bytes());
}
template <class Activation, class Device>
void cuda_backend<Activation, Device>::copy(const_numbers from, numbers to) const {
  rounded_->forget(to);
  device_->inside(to.data(), from.data(), from.size_bytes());
}
template <class Activation, class Device>
void cuda_backend<Activation, Device>::fill(numbers values, float value) const {
  rounded_->forget(values);
  // a grid has fewer than 2^16 blocks along this axis
  constexpr std::size_t most = std::size_t{1} << 23;
  for (std::size_t begin = 0; begin < values.size(); begin += most) {
    const numbers part = values.subspan(begin, std::min(most, values.size() - begin));
    device_->launch(detail::fill_kernel<float>{{part.data(), 0}, part.size(), value},
                    detail::a_thread_an_element(1, part.size()));
  }
}
template <class Activation, class Device>
void cuda_backend<Activation, Device>::clear(matrix values) const {
  device_->launch(detail::fill_kernel<Activation>{detail::rows_of(values), values.extent(1),
                                                  static_cast<Activation>(0.0f)},
                  detail::a_thread_an_element(values.extent(0), values.extent(1)));
}

// optimizer

template <class Activation, class Device>
double cuda_backend<Activation, Device>::sum_of_squares(
    std::span<const const_numbers> tensors) const {
  std::vector<detail::device_tensor> table;
  for (const const_numbers values : tensors)
    table.push_back({.gradient = values.data(), .size = values.size()});
  const auto begins =
      detail::chunk_begins(table.size(), [&](std::size_t i) { return table[i].size; });
  const auto chunks = static_cast<std::size_t>(begins.back());
  if (chunks == 0) return 0;
  const auto tensors_there = detail::uploaded(*device_, table);
  const auto begins_there = detail::uploaded(*device_, begins);
  auto parts = scratch<double>(chunks), sum = scratch<double>(1);
  const detail::launch_shape one = {.threads = detail::optimizer_threads,
                                    .shared_bytes = detail::optimizer_threads * sizeof(double)};
  auto all = one;
  all.blocks[0] = static_cast<unsigned>(chunks);
  device_->launch(
      detail::squares_kernel{tensors_there.data(), begins_there.data(), table.size(), parts.data()},
      all);
  device_->launch(detail::sum_kernel{parts.data(), chunks, sum.data()}, one);
  double result = 0;
  device_->to_host(&result, sum.data(), sizeof result);
  return result;
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::adamw(std::span<const adamw_tensor<float>> tensors,
                                             const adamw_coefficients& coefficients) const {
  rounded_->forget_all();
  std::vector<detail::device_tensor> table;
  for (const adamw_tensor<float>& t : tensors)
    table.push_back({t.value.data(), t.gradient.data(), t.first_moment.data(),
                     t.second_moment.data(), t.value.size(), t.decays});
  const auto begins =
      detail::chunk_begins(table.size(), [&](std::size_t i) { return table[i].size; });
  if (begins.back() == 0) return;
  const auto tensors_there = detail::uploaded(*device_, table);
  const auto begins_there = detail::uploaded(*device_, begins);
  device_->launch(detail::adamw_kernel{tensors_there.data(), begins_there.data(), table.size(),
                                       detail::adamw_kernel::in_float(coefficients)},
                  {.blocks = {static_cast<unsigned>(begins.back()), 1, 1},
                   .threads = detail::optimizer_threads});
}

// embedding and rows

template <class Activation, class Device>
void cuda_backend<Activation, Device>::embedding(indices tokens, indices positions, weights wte,
                                                 weights wpe, matrix out) const {
  const auto tokens_there = device_->upload(tokens), positions_there = device_->upload(positions);
  device_->launch(
      detail::embedding_kernel<Activation>{tokens_there.data(), positions_there.data(),
                                           detail::rows_of(wte), detail::rows_of(wpe),
                                           wpe.extent(0) != 0, detail::rows_of(out), out.extent(1)},
      detail::a_thread_an_element(out.extent(0), out.extent(1)));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::embedding_backward(indices tokens, indices positions,
                                                          const_matrix d_out, gradients d_wte,
                                                          gradients d_wpe) const {
  const auto add = [&](indices keys, gradients out) {
    const detail::row_groups groups(keys);
    const auto order = detail::uploaded(*device_, groups.order),
               begins = detail::uploaded(*device_, groups.begins),
               names = detail::uploaded(*device_, groups.keys);
    device_->launch(
        detail::add_groups_kernel<Activation>{detail::rows_of(d_out), order.data(), begins.data(),
                                              names.data(), detail::rows_of(out), d_out.extent(1)},
        detail::a_thread_an_element(groups.keys.size(), d_out.extent(1)));
  };
  add(tokens, d_wte);
  if (d_wpe.extent(0) != 0) add(positions, d_wpe);
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::gather_rows(const_matrix from, indices rows,
                                                   matrix out) const {
  const auto rows_there = device_->upload(rows);
  device_->launch(detail::gather_rows_kernel<Activation>{detail::rows_of(from), rows_there.data(),
                                                         detail::rows_of(out), out.extent(1)},
                  detail::a_thread_an_element(rows.size(), out.extent(1)));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::scatter_add_rows(const_matrix from, indices rows,
                                                        matrix out) const {
  const auto rows_there = device_->upload(rows);
  device_->launch(
      detail::scatter_add_rows_kernel<Activation>{detail::rows_of(from), rows_there.data(),
                                                  detail::rows_of(out), out.extent(1)},
      detail::a_thread_an_element(rows.size(), out.extent(1)));
}

// normalization

template <class Activation, class Device>
void cuda_backend<Activation, Device>::layer_norm(const_matrix x, const_numbers scale,
                                                  const_numbers shift, double epsilon, matrix y,
                                                  layer_norm_statistics<float> statistics) const {
  device_->launch(
      detail::layer_norm_kernel<Activation>{detail::rows_of(x), x.extent(0), x.extent(1),
                                            scale.data(), shift.data(), static_cast<float>(epsilon),
                                            detail::rows_of(y), statistics.mean.data(),
                                            statistics.inverse_deviation.data()},
      detail::a_warp_a_row(x.extent(0)));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::layer_norm_backward(
    const_matrix d_y, const_matrix x, const_numbers scale,
    layer_norm_statistics<const float> statistics, matrix d_x, numbers d_scale,
    numbers d_shift) const {
  const auto d_rows = detail::rows_of(d_y), x_rows = detail::rows_of(x);
  const float *const mean = statistics.mean.data(), *const inverse =
                                                        statistics.inverse_deviation.data();
  device_->launch(detail::layer_norm_backward_kernel<Activation>{d_rows, x_rows, x.extent(0),
                                                                 x.extent(1), scale.data(), mean,
                                                                 inverse, detail::rows_of(d_x)},
                  detail::a_warp_a_row(x.extent(0)));
  detail::add_column_sums(*device_, detail::scale_term<Activation>{d_rows, x_rows, mean, inverse},
                          x.extent(0), x.extent(1), d_scale.data());
  detail::add_column_sums(*device_, detail::element_term<Activation>{d_rows}, x.extent(0),
                          x.extent(1), d_shift.data());
}

// linear layers

template <class Activation, class Device>
void cuda_backend<Activation, Device>::linear(const_matrix x, const_weight weight,
                                              const_numbers bias, matrix y) const {
  device_->multiply(detail::device_product<Activation, Activation>{
      .out = y,
      .left = x,
      .right = detail::operand<Activation>(*device_, *rounded_, weight.values),
      .right_is_transposed = weight.order == weight_order::out_in,
      .bias = detail::data_or_none(bias)});
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::linear_residual(const_matrix x, const_weight weight,
                                                       const_numbers bias, const_matrix residual,
                                                       matrix y) const {
  device_->multiply(detail::device_product<Activation, Activation>{
      .out = y,
      .left = x,
      .right = detail::operand<Activation>(*device_, *rounded_, weight.values),
      .right_is_transposed = weight.order == weight_order::out_in,
      .addend = residual,
      .bias = detail::data_or_none(bias)});
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::linear_backward(const_matrix d_y, const_matrix x,
                                                       const_weight weight, matrix d_x,
                                                       gradients d_weight, numbers d_bias) const {
  device_->multiply(detail::device_product<Activation, Activation>{
      .out = d_x,
      .left = d_y,
      .right = detail::operand<Activation>(*device_, *rounded_, weight.values),
      .right_is_transposed = weight.order == weight_order::in_out});
  detail::weight_backward<Activation>(*device_, d_y, x, weight.order, d_weight, d_bias);
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::activate(activation_function activation, const_matrix inner,
                                                matrix y) const {
  device_->launch(detail::activate_kernel<Activation>{activation, detail::rows_of(inner),
                                                      detail::rows_of(y), y.extent(1)},
                  detail::a_thread_an_element(y.extent(0), y.extent(1)));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::linear_activate(const_matrix x, const_weight weight,
                                                       const_numbers bias,
                                                       activation_function activation, matrix inner,
                                                       matrix y) const {
  if (!detail::folds<Activation>(activation)) {
    linear(x, weight, bias, inner);
    return activate(activation, inner, y);
  }
  device_->multiply(detail::device_product<Activation, Activation>{
      .out = y,
      .left = x,
      .right = detail::operand<Activation>(*device_, *rounded_, weight.values),
      .right_is_transposed = weight.order == weight_order::out_in,
      .bias = detail::data_or_none(bias),
      .finish = detail::product_finish::gelu,
      .before = inner});
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::activated_linear_backward(
    const_matrix d_y, const_matrix x, const_weight weight, activation_function activation,
    const_matrix inner, matrix d_inner, gradients d_weight, numbers d_bias) const {
  const bool folded = detail::folds<Activation>(activation);
  device_->multiply(detail::device_product<Activation, Activation>{
      .out = d_inner,
      .left = d_y,
      .right = detail::operand<Activation>(*device_, *rounded_, weight.values),
      .right_is_transposed = weight.order == weight_order::in_out,
      .finish = folded ? detail::product_finish::gelu_backward : detail::product_finish::none,
      // read only
      .before = {const_cast<Activation*>(inner.data()), inner.extents(), inner.strides()}});
  if (!folded)
    device_->launch(
        detail::activate_backward_kernel<Activation>{activation, detail::rows_of(inner),
                                                     detail::rows_of(d_inner), d_inner.extent(1)},
        detail::a_thread_an_element(d_inner.extent(0), d_inner.extent(1)));
  detail::weight_backward<Activation>(*device_, d_y, x, weight.order, d_weight, d_bias);
}

// attention

template <class Activation, class Device>
void cuda_backend<Activation, Device>::tree_attention(const attention_rows& rows, const_heads q,
                                                      const_heads k, const_heads v, double scale,
                                                      heads out, gradients log_sums) const {
  detail::tree_attention(*device_, *plans_, rows, q, k, v, scale, out, log_sums);
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::tree_attention_backward(
    const attention_rows& rows, const_heads q, const_heads k, const_heads v, double scale,
    const_heads out, weights log_sums, const_heads d_out, heads d_q, heads d_k, heads d_v) const {
  detail::tree_attention_backward(*device_, *plans_, rows, q, k, v, scale, out, log_sums, d_out,
                                  d_q, d_k, d_v);
}

// head

template <class Activation, class Device>
void cuda_backend<Activation, Device>::head_logits(const_matrix hidden, weights weight,
                                                   gradients logits) const {
  device_->multiply(detail::device_product<Activation, float>{
      .out = logits,
      .left = hidden,
      .right = detail::operand<Activation>(*device_, *rounded_, weight),
      .right_is_transposed = true});
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::head_log_probs(const_matrix hidden, weights weight,
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
                                                     const_matrix hidden, weights weight,
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
  device_->multiply(detail::device_product<Activation, float>{.out = d_weight,
                                                              .left = d_logits,
                                                              .right = hidden,
                                                              .left_is_transposed = true,
                                                              .addend = d_weight});
}

}  // namespace prefopt::inline v0_2
