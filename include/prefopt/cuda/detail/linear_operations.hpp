// SPDX-License-Identifier: MIT
#pragma once
// The members of cuda_backend that are linear layers, their activations and gates.

#include <span>
#include <type_traits>

#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/activation.hpp"
#include "prefopt/cuda/detail/column_sums.hpp"
#include "prefopt/cuda/detail/gated.hpp"
#include "prefopt/cuda/detail/product.hpp"
#include "prefopt/cuda/detail/rounded_weights.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

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

}  // namespace detail

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

template <class Activation, class Device>
void cuda_backend<Activation, Device>::gate(activation_function activation, const_matrix inner,
                                            matrix y) const {
  device_->launch(detail::gate_kernel<Activation>{activation, detail::rows_of(inner),
                                                  detail::rows_of(y), y.extent(1)},
                  detail::a_thread_an_element(y.extent(0), y.extent(1)));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::gate_backward(activation_function activation,
                                                     const_matrix d_y, const_matrix inner,
                                                     matrix d_inner) const {
  device_->launch(detail::gate_backward_kernel<Activation>{activation, detail::rows_of(d_y),
                                                           detail::rows_of(inner),
                                                           detail::rows_of(d_inner), d_y.extent(1)},
                  detail::a_thread_an_element(d_y.extent(0), d_y.extent(1)));
}

}  // namespace prefopt::inline v0_2
