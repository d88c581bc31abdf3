// SPDX-License-Identifier: MIT
#pragma once
// The norm of rows [N, C] that a shape asks for, layer norm or RMS norm, and its backward.

#include <cstddef>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/nn/backend_matrix.hpp"
#include "prefopt/nn/shape.hpp"
#include "prefopt/nn/weights.hpp"

namespace prefopt::inline v0_2 {

/// A norm's output and statistics, with room for N rows.
template <transformer_backend Backend>
struct norm_tape {
  using value_type = typename Backend::value_type;

  norm_tape() = default;
  norm_tape(const Backend& backend, std::size_t rows, std::size_t channels)
      : normalized(backend, rows, channels), numbers(backend, 2, rows) {}

  /// Those of the first `count` rows.
  [[nodiscard]] layer_norm_statistics<value_type> statistics(std::size_t count) {
    return {numbers.row(0).first(count), numbers.row(1).first(count)};
  }
  [[nodiscard]] layer_norm_statistics<const value_type> statistics(std::size_t count) const {
    return {numbers.row(0).first(count), numbers.row(1).first(count)};
  }

  backend_matrix<Backend> normalized;           // [N, C]
  backend_matrix<Backend, value_type> numbers;  // [2, N] mean (of a layer norm), inverse deviation
};

/// Normalizes x [N, C] into the tape, whose first N rows it returns.
template <transformer_backend Backend>
matrix_view<const typename Backend::activation_type> normalize(
    const Backend& backend, const decoder_shape& shape,
    matrix_view<const typename Backend::activation_type> x,
    const norm_weights<const typename Backend::value_type>& weights, norm_tape<Backend>& tape) {
  using value_type = typename Backend::value_type;
  const std::size_t count = x.extent(0);
  const auto y = tape.normalized.view().rows(0, count);
  const layer_norm_statistics<value_type> statistics = tape.statistics(count);
  if (shape.norm == norm_kind::layer)
    backend.layer_norm(x, weights.scale, weights.shift, shape.epsilon, y, statistics);
  else
    backend.rms_norm(split_columns(x), weights.scale, shape.epsilon, split_columns(y),
                     matrix_view<value_type>{statistics.inverse_deviation.data(), {count, 1}});
  return y;
}

/// Its backward pass, with the tape as it left it: adds to d_x and to the gradients.
template <transformer_backend Backend>
void normalize_backward(const Backend& backend, const decoder_shape& shape,
                        matrix_view<const typename Backend::activation_type> d_y,
                        matrix_view<const typename Backend::activation_type> x,
                        const norm_weights<const typename Backend::value_type>& weights,
                        const norm_tape<Backend>& tape,
                        matrix_view<typename Backend::activation_type> d_x,
                        const norm_weights<typename Backend::value_type>& gradients) {
  using value_type = typename Backend::value_type;
  const std::size_t count = x.extent(0);
  const layer_norm_statistics<const value_type> statistics = tape.statistics(count);
  if (shape.norm == norm_kind::layer)
    backend.layer_norm_backward(d_y, x, weights.scale, statistics, d_x, gradients.scale,
                                gradients.shift);
  else
    backend.rms_norm_backward(
        split_columns(d_y), split_columns(x), weights.scale,
        matrix_view<const value_type>{statistics.inverse_deviation.data(), {count, 1}},
        split_columns(d_x), gradients.scale);
}

}  // namespace prefopt::inline v0_2
