// SPDX-License-Identifier: MIT
#pragma once
// Layer normalization (Ba et al. 2016, arXiv:1607.06450, eq. 3) and its adjoint, a warp a row, statistics in float.
// Legend: N rows, C channels.

#include <cmath>
#include <cstddef>

#include "prefopt/cuda/column_sums.hpp"
#include "prefopt/cuda/kernel.hpp"

namespace prefopt::detail {

inline constexpr unsigned warps_a_block = 4;

[[nodiscard]] inline launch_shape a_warp_a_row(std::size_t rows) {
  return {.blocks = {blocks_for(rows, warps_a_block), 1, 1}, .threads = warps_a_block * warp_size};
}

template <class Thread>
[[nodiscard]] PREFOPT_DEVICE std::size_t row_of_warp(const Thread& t) {
  return std::size_t{t.block(0)} * warps_a_block + t.index() / warp_size;
}

/// y = (x - mean) / sqrt(variance + epsilon) * scale + shift, and the statistics [N].
template <class T>
struct layer_norm_kernel {
  device_rows<const T> x;
  std::size_t rows, columns;
  const float* scale;
  const float* shift;
  float epsilon;
  device_rows<T> y;
  float* mean;
  float* inverse_deviation;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t row = row_of_warp(t), lane = t.index() % warp_size;
    if (row >= rows) return;  // whole warps: they meet in warp_sum only
    float sum = 0;
    for (std::size_t c = lane; c < columns; c += warp_size) sum += widen(x[row][c]);
    const float middle = t.warp_sum(sum) / static_cast<float>(columns);
    float squares = 0;  // of what is left, in a second pass: x may be far from 0
    for (std::size_t c = lane; c < columns; c += warp_size) {
      const float left = widen(x[row][c]) - middle;
      squares += left * left;
    }
    const float inverse = 1 / std::sqrt(t.warp_sum(squares) / static_cast<float>(columns) + epsilon);
    for (std::size_t c = lane; c < columns; c += warp_size)
      y[row][c] = narrow<T>((widen(x[row][c]) - middle) * inverse * scale[c] + shift[c]);
    if (lane == 0) {
      mean[row] = middle;
      inverse_deviation[row] = inverse;
    }
  }
};

/// Adds to d_x: inverse deviation * (g - mean(g) - n mean(g n)), with g = d_y scale and n = (x - mean) / deviation.
template <class T>
struct layer_norm_backward_kernel {
  device_rows<const T> d_y, x;
  std::size_t rows, columns;
  const float* scale;
  const float* mean;
  const float* inverse_deviation;
  device_rows<T> d_x;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t row = row_of_warp(t), lane = t.index() % warp_size;
    if (row >= rows) return;
    const float middle = mean[row], inverse = inverse_deviation[row];
    float sum = 0, along = 0;
    for (std::size_t c = lane; c < columns; c += warp_size) {
      const float g = widen(d_y[row][c]) * scale[c];
      sum += g;
      along += g * (widen(x[row][c]) - middle) * inverse;
    }
    const float mean_g = t.warp_sum(sum) / static_cast<float>(columns);
    const float mean_along = t.warp_sum(along) / static_cast<float>(columns);
    for (std::size_t c = lane; c < columns; c += warp_size) {
      const float g = widen(d_y[row][c]) * scale[c], n = (widen(x[row][c]) - middle) * inverse;
      d_x[row][c] = narrow<T>(widen(d_x[row][c]) + inverse * (g - mean_g - n * mean_along));
    }
  }
};

/// The gradient of a layer norm's scale: d_y times the normalized x.
template <class T>
struct scale_term {
  device_rows<const T> d_y, x;
  const float* mean;
  const float* inverse_deviation;

  PREFOPT_DEVICE float operator()(std::size_t row, std::size_t column) const {
    return widen(d_y[row][column]) * (widen(x[row][column]) - mean[row]) * inverse_deviation[row];
  }
};

}  // namespace prefopt::detail
