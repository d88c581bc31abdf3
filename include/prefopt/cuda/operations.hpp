// SPDX-License-Identifier: MIT
#pragma once
// Definitions of cuda_backend's members for any device: here storage, the optimizer and attention;
// those of the other families are in detail/.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/attention.hpp"
#include "prefopt/cuda/detail/head_operations.hpp"
#include "prefopt/cuda/detail/linear_operations.hpp"
#include "prefopt/cuda/detail/optimizer.hpp"
#include "prefopt/cuda/detail/rounded_weights.hpp"
#include "prefopt/cuda/detail/row_operations.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

[[nodiscard]] inline std::size_t device_bytes(std::size_t count, std::size_t size) {
  if (count > std::numeric_limits<std::size_t>::max() / size) throw std::bad_alloc();
  return count * size;
}

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
void cuda_backend<Activation, Device>::copy(std::span<const bfloat16> from,
                                            std::span<bfloat16> to) const {
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

}  // namespace prefopt::inline v0_2
