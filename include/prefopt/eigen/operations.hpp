// SPDX-License-Identifier: MIT
#pragma once
// The operations of eigen_backend, which eigen/backend.hpp declares and documents.
//
// Build all translation units that include it for one instruction set: the alignment of Eigen's
// types depends on it.

#ifdef PREFOPT_COMPILED
#error \
    "prefopt/eigen/operations.hpp is in the library prefopt::compiled already: include prefopt/eigen.hpp"
#endif

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "prefopt/core/error.hpp"
#include "prefopt/eigen/backend.hpp"
#include "prefopt/eigen/detail/activation.hpp"
#include "prefopt/eigen/detail/attention.hpp"
#include "prefopt/eigen/detail/embedding.hpp"
#include "prefopt/eigen/detail/gated.hpp"
#include "prefopt/eigen/detail/head.hpp"
#include "prefopt/eigen/detail/layer_norm.hpp"
#include "prefopt/eigen/detail/linear.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/optimizer.hpp"
#include "prefopt/eigen/detail/product_engine.hpp"
#include "prefopt/eigen/detail/rms_norm.hpp"
#include "prefopt/eigen/detail/rotary.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Turns a visitor of one row into a visitor of blocks.
template <class Visitor>
auto each_row(Visitor visit) {
  return [visit](const block_range& b) {
    for (std::size_t row = b.row_begin; row < b.row_end; ++row) visit(b, row);
  };
}

/// Number of head rows whose logits are computed at once.
[[nodiscard]] inline std::size_t head_chunk(std::size_t vocabulary) {
  constexpr std::size_t logits = std::size_t{1} << 24;
  return std::max<std::size_t>(1, logits / vocabulary);
}

}  // namespace detail

template <class Compute>
eigen_backend<Compute>::eigen_backend(eigen_options options)
    : threads_(options.threads), kernel_(detail::product_engine<Compute>::best()) {
  if (threads_ < 1 || threads_ > 1024)
    throw value_error(concat("eigen_backend: threads is ", threads_, ", expected 1 to 1024"));
#ifndef _OPENMP
  if (threads_ > 1)
    throw value_error(concat("eigen_backend: threads is ", threads_,
                             ", expected 1: this program is built without OpenMP"));
#endif
}

template <class Compute>
std::string_view eigen_backend<Compute>::instruction_set() const {
  return engine().name();
}

template <class Compute>
double eigen_backend<Compute>::sum_of_squares(std::span<const const_numbers> tensors) const {
  double sum = 0;
  for (const const_numbers values : tensors) sum += detail::sum_of_squares(threads_, values);
  return sum;
}

template <class Compute>
void eigen_backend<Compute>::adamw(std::span<const adamw_tensor<value_type>> tensors,
                                   const adamw_coefficients& coefficients) const {
  for (const adamw_tensor<value_type>& t : tensors) {
    adamw_coefficients own = coefficients;
    if (!t.decays) own.decay = 1;
    detail::adamw(threads_, t.value, t.gradient, t.first_moment, t.second_moment, own);
  }
}

template <class Compute>
void eigen_backend<Compute>::embedding(indices tokens, indices positions, weight_table wte,
                                       weight_table wpe, matrix out) const {
  detail::embedding<value_type>(threads_, tokens, positions, wte, wpe, out);
}

template <class Compute>
void eigen_backend<Compute>::embedding_backward(indices tokens, indices positions,
                                                const_matrix d_out, matrix d_wte,
                                                matrix d_wpe) const {
  detail::embedding_backward<value_type>(threads_, tokens, positions, d_out, d_wte, d_wpe);
}

template <class Compute>
void eigen_backend<Compute>::layer_norm(const_matrix x, const_numbers scale, const_numbers shift,
                                        double epsilon, matrix y,
                                        layer_norm_statistics<value_type> statistics) const {
  detail::layer_norm<value_type>(threads_, x, scale, shift, epsilon, y, statistics);
}

template <class Compute>
void eigen_backend<Compute>::layer_norm_backward(const_matrix d_y, const_matrix x,
                                                 const_numbers scale,
                                                 layer_norm_statistics<const value_type> statistics,
                                                 matrix d_x, numbers d_scale,
                                                 numbers d_shift) const {
  detail::layer_norm_backward<value_type>(threads_, d_y, x, scale, statistics, d_x, d_scale,
                                          d_shift);
}

template <class Compute>
void eigen_backend<Compute>::rms_norm(const_heads x, const_numbers scale, double epsilon, heads y,
                                      matrix inverse_deviations) const {
  detail::rms_norm<value_type>(threads_, x, scale, epsilon, y, inverse_deviations);
}

template <class Compute>
void eigen_backend<Compute>::rms_norm_backward(const_heads d_y, const_heads x, const_numbers scale,
                                               const_matrix inverse_deviations, heads d_x,
                                               numbers d_scale) const {
  detail::rms_norm_backward<value_type>(threads_, d_y, x, scale, inverse_deviations, d_x, d_scale);
}

template <class Compute>
void eigen_backend<Compute>::rotation_table(indices positions,
                                            std::span<const double> inverse_frequencies,
                                            matrix table) const {
  detail::rotation_table<value_type>(threads_, positions, inverse_frequencies, table);
}

template <class Compute>
void eigen_backend<Compute>::rotate(const_matrix table, rotation direction, heads x) const {
  detail::rotate<value_type>(threads_, table, direction, x);
}

template <class Compute>
void eigen_backend<Compute>::gate(activation_function activation, const_matrix inner,
                                  matrix y) const {
  detail::gate<value_type>(threads_, activation, inner, y);
}

template <class Compute>
void eigen_backend<Compute>::gate_backward(activation_function activation, const_matrix d_y,
                                           const_matrix inner, matrix d_inner) const {
  detail::gate_backward<value_type>(threads_, activation, d_y, inner, d_inner);
}

template <class Compute>
void eigen_backend<Compute>::linear(const_matrix x, const_weight weight, const_numbers bias,
                                    matrix y) const {
  engine()(threads_, detail::update::assign, y, detail::outer_rows<value_type>(x),
           detail::weight_operand<value_type>(weight),
           detail::each_row([&](const detail::block_range& b, std::size_t row) {
             detail::add_bias<value_type>(b, bias, b.of(y, row));
           }));
}

template <class Compute>
void eigen_backend<Compute>::linear_residual(const_matrix x, const_weight weight,
                                             const_numbers bias, const_matrix residual,
                                             matrix y) const {
  engine()(threads_, detail::update::assign, y, detail::outer_rows<value_type>(x),
           detail::weight_operand<value_type>(weight),
           detail::each_row([&](const detail::block_range& b, std::size_t row) {
             detail::add_bias_and_residual<value_type>(b, bias, b.of(residual, row), b.of(y, row));
           }));
}

template <class Compute>
void eigen_backend<Compute>::linear_activate(const_matrix x, const_weight weight,
                                             const_numbers bias, activation_function activation,
                                             matrix inner, matrix y) const {
  engine()(threads_, detail::update::assign, inner, detail::outer_rows<value_type>(x),
           detail::weight_operand<value_type>(weight),
           detail::each_row([&](const detail::block_range& b, std::size_t row) {
             detail::add_bias<value_type>(b, bias, b.of(inner, row));
             detail::activate<value_type>(activation, b.of(inner, row), b.of(y, row));
           }));
}

template <class Compute>
void eigen_backend<Compute>::activate(activation_function activation, const_matrix inner,
                                      matrix y) const {
  detail::parallel_ranges(
      threads_, inner.extent(0), 1, [&](std::size_t begin, std::size_t end, std::size_t) {
        const detail::block_range range{begin, end, 0, inner.extent(1)};
        for (std::size_t row = begin; row < end; ++row)
          detail::activate<value_type>(activation, range.of(inner, row), range.of(y, row));
      });
}

template <class Compute>
void eigen_backend<Compute>::linear_backward(const_matrix d_y, const_matrix x, const_weight weight,
                                             matrix d_x, matrix d_weight, numbers d_bias) const {
  engine()(threads_, detail::update::assign, d_x, detail::outer_rows<value_type>(d_y),
           detail::transposed_weight_operand<value_type>(weight));
  weight_backward(d_y, x, weight.order, d_weight, d_bias);
}

template <class Compute>
void eigen_backend<Compute>::activated_linear_backward(const_matrix d_y, const_matrix x,
                                                       const_weight weight,
                                                       activation_function activation,
                                                       const_matrix inner, matrix d_inner,
                                                       matrix d_weight, numbers d_bias) const {
  engine()(threads_, detail::update::assign, d_inner, detail::outer_rows<value_type>(d_y),
           detail::transposed_weight_operand<value_type>(weight),
           detail::each_row([&](const detail::block_range& b, std::size_t row) {
             detail::activate_backward<value_type>(activation, b.of(inner, row),
                                                   b.of(d_inner, row));
           }));
  weight_backward(d_y, x, weight.order, d_weight, d_bias);
}

template <class Compute>
void eigen_backend<Compute>::tree_attention(const attention_rows& rows, const_heads q,
                                            const_heads k, const_heads v, double scale, heads out,
                                            matrix log_sums) const {
  detail::tree_attention(threads_, engine(), rows, q, k, v, scale, out, log_sums);
}

template <class Compute>
void eigen_backend<Compute>::tree_attention_backward(const attention_rows& rows, const_heads q,
                                                     const_heads k, const_heads v, double scale,
                                                     const_heads out, const_matrix log_sums,
                                                     const_heads d_out, heads d_q, heads d_k,
                                                     heads d_v) const {
  detail::tree_attention_backward(threads_, engine(), rows, q, k, v, scale, out, log_sums, d_out,
                                  d_q, d_k, d_v);
}

template <class Compute>
void eigen_backend<Compute>::gather_rows(const_matrix from, indices rows, matrix out) const {
  detail::gather_rows<value_type>(threads_, from, rows, out);
}

template <class Compute>
void eigen_backend<Compute>::scatter_add_rows(const_matrix from, indices rows, matrix out) const {
  detail::scatter_add_rows<value_type>(threads_, from, rows, out);
}

template <class Compute>
void eigen_backend<Compute>::clear(matrix values) const {
  detail::as_eigen(values).setZero();
}

template <class Compute>
void eigen_backend<Compute>::head_logits(const_matrix hidden, weight_table weight,
                                         matrix logits) const {
  engine()(threads_, detail::update::assign, logits, detail::outer_rows<value_type>(hidden),
           detail::weight_rows<value_type>(weight));
}

template <class Compute>
void eigen_backend<Compute>::head_log_probs(const_matrix hidden, weight_table weight,
                                            const head_targets& targets, matrix logits,
                                            numbers log_sums, std::span<double> log_probs) const {
  const std::size_t rows = hidden.extent(0), chunk = detail::head_chunk(weight.extent(0));
  const bool keep = logits.extent(0) != 0;
  auto room = scratch<value_type>(keep ? 0 : std::min(rows, chunk) * weight.extent(0));
  for (std::size_t begin = 0; begin < rows; begin += chunk) {
    const std::size_t end = std::min(rows, begin + chunk);
    const matrix part =
        keep ? logits.rows(begin, end) : matrix{room.data(), {end - begin, weight.extent(0)}};
    head_logits(hidden.rows(begin, end), weight, part);
    detail::head_log_probs<value_type>(threads_, part, begin, targets, log_sums, log_probs);
  }
}

template <class Compute>
void eigen_backend<Compute>::head_backward(matrix logits, const_numbers log_sums,
                                           const head_targets& targets,
                                           std::span<const double> slopes, const_matrix hidden,
                                           weight_table weight, matrix d_hidden,
                                           matrix d_weight) const {
  detail::head_logits_backward<value_type>(threads_, logits, log_sums, targets, slopes);
  engine()(threads_, detail::update::assign, d_hidden, detail::outer_rows<value_type>(logits),
           detail::weight_columns<value_type>(weight));
  if (d_weight.extent(0) != 0)
    engine()(threads_, detail::update::add, d_weight, detail::outer_columns<value_type>(logits),
             detail::outer_columns<value_type>(hidden));
}

template <class Compute>
detail::product_engine<Compute> eigen_backend<Compute>::engine() const {
  return detail::product_engine<Compute>(kernel_);
}

/// Adds the gradients of weight and bias, except for those that are empty.
template <class Compute>
void eigen_backend<Compute>::weight_backward(const_matrix d_y, const_matrix x, weight_order order,
                                             matrix d_weight, numbers d_bias) const {
  const bool in_out = order == weight_order::in_out;
  if (d_weight.extent(0) != 0)
    engine()(threads_, detail::update::add, d_weight,
             detail::outer_columns<value_type>(in_out ? x : d_y),
             detail::outer_columns<value_type>(in_out ? d_y : x));
  if (!d_bias.empty()) detail::add_column_sums<value_type>(threads_, d_y, d_bias);
}

}  // namespace prefopt::inline v0_2
