// SPDX-License-Identifier: MIT
#pragma once
// The members of cuda_backend that work row by row: embeddings, moves of rows, norms, rotations.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "prefopt/core/error.hpp"
#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/column_sums.hpp"
#include "prefopt/cuda/detail/embedding.hpp"
#include "prefopt/cuda/detail/layer_norm.hpp"
#include "prefopt/cuda/detail/rms_norm.hpp"
#include "prefopt/cuda/detail/rotary.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2 {

// embedding and rows

template <class Activation, class Device>
void cuda_backend<Activation, Device>::embedding(indices tokens, indices positions,
                                                 weight_table wte, weight_table wpe,
                                                 matrix out) const {
  const auto tokens_there = device_->upload(tokens), positions_there = device_->upload(positions);
  const bool positional = wpe.extent(0) != 0;
  wte.visit([&](const auto& of_tokens) {
    using element = std::remove_cvref_t<decltype(*of_tokens.data())>;
    matrix_view<const element> of_positions;
    if (positional)
      wpe.visit([&](const auto& view) {
        if constexpr (std::is_same_v<decltype(view), decltype(of_tokens)>)
          of_positions = view;
        else
          throw value_error("cuda_backend: embedding: tables of two types, expected one");
      });
    device_->launch(
        detail::embedding_kernel<Activation, element>{
            tokens_there.data(), positions_there.data(), detail::rows_of(of_tokens),
            detail::rows_of(of_positions), positional, detail::rows_of(out), out.extent(1)},
        detail::a_thread_an_element(out.extent(0), out.extent(1)));
  });
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
  if (d_wte.extent(0) != 0) add(tokens, d_wte);
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
                          x.extent(0), d_scale.size(), d_scale.data());
  detail::add_column_sums(*device_, detail::element_term<Activation>{d_rows}, x.extent(0),
                          d_shift.size(), d_shift.data());
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::rms_norm(const_heads x, const_numbers scale, double epsilon,
                                                heads y, gradients inverse_deviations) const {
  const std::size_t rows = x.extent(0) * x.extent(1);
  device_->launch(
      detail::rms_norm_kernel<Activation>{detail::as_rows(x), rows, x.extent(2), scale.data(),
                                          static_cast<float>(epsilon), detail::as_rows(y),
                                          detail::as_rows(inverse_deviations)},
      detail::a_warp_a_row(rows));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::rms_norm_backward(const_heads d_y, const_heads x,
                                                         const_numbers scale,
                                                         weights inverse_deviations, heads d_x,
                                                         numbers d_scale) const {
  const auto d_rows = detail::as_rows(d_y), x_rows = detail::as_rows(x);
  const auto inverse = detail::as_rows(inverse_deviations);
  const std::size_t rows = x.extent(0) * x.extent(1), channels = x.extent(2);
  device_->launch(
      detail::rms_norm_backward_kernel<Activation>{d_rows, x_rows, rows, channels, scale.data(),
                                                   inverse, detail::as_rows(d_x)},
      detail::a_warp_a_row(rows));
  detail::add_column_sums(*device_, detail::rms_scale_term<Activation>{d_rows, x_rows, inverse},
                          rows, d_scale.size(), d_scale.data());
}

// rotary positions

template <class Activation, class Device>
void cuda_backend<Activation, Device>::rotation_table(indices positions,
                                                      std::span<const double> inverse_frequencies,
                                                      gradients table) const {
  const auto positions_there = device_->upload(positions);
  const auto frequencies_there = device_->upload(inverse_frequencies);
  const std::size_t half = inverse_frequencies.size();
  device_->launch(detail::rotation_table_kernel{positions_there.data(), frequencies_there.data(),
                                                half, detail::rows_of(table)},
                  detail::a_thread_an_element(positions.size(), half));
}

template <class Activation, class Device>
void cuda_backend<Activation, Device>::rotate(weights table, rotation direction, heads x) const {
  const std::size_t count = x.extent(1), half = x.extent(2) / 2;
  device_->launch(
      detail::rotate_kernel<Activation>{
          detail::rows_of(table), direction == rotation::forward ? 1.0f : -1.0f,
          static_cast<unsigned>(count), static_cast<unsigned>(half), detail::heads_of(x)},
      detail::a_thread_an_element(x.extent(0), count * half));
}

}  // namespace prefopt::inline v0_2
