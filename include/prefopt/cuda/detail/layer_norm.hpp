// SPDX-License-Identifier: MIT
#pragma once
// Layer normalization (Ba et al. 2016, arXiv:1607.06450, eq. 3) and its backward pass, one warp per
// row, with statistics in float.
//
// Legend: N rows, C channels.

#include <cmath>
#include <cstddef>

#include "prefopt/cuda/detail/column_sums.hpp"
#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::inline v0_2::detail {

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
    if (row >= rows) return;  // whole warps: they meet only in warp_sum
    float sum = 0;
    const auto load = [&](std::size_t c) { return widen(x[row][c]); };
    for_each_loaded<warp_size>(lane, columns, load,
                               [&](std::size_t, float value) { sum += value; });
    const float middle = t.warp_sum(sum) / static_cast<float>(columns);
    float squares = 0;  // of x minus the mean, in a second pass: x may be far from 0
    for_each_loaded<warp_size>(lane, columns, load, [&](std::size_t, float value) {
      const float left = value - middle;
      squares += left * left;
    });
    const float inverse =
        1 / std::sqrt(t.warp_sum(squares) / static_cast<float>(columns) + epsilon);
    struct element {
      float x, scale, shift;
    };
    for_each_loaded<warp_size>(
        lane, columns,
        [&](std::size_t c) {
          return element{widen(x[row][c]), scale[c], shift[c]};
        },
        [&](std::size_t c, const element& at) {
          y[row][c] = narrow<T>((at.x - middle) * inverse * at.scale + at.shift);
        });
    if (lane == 0) {
      mean[row] = middle;
      inverse_deviation[row] = inverse;
    }
  }
};

/// Adds to d_x: inverse deviation * (g - mean(g) - n mean(g n)), with g = d_y scale and n = (x -
/// mean) / deviation.
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
    struct element {
      float x, d_y, scale, d_x;
    };
    const auto load = [&](std::size_t c) {
      return element{widen(x[row][c]), widen(d_y[row][c]), scale[c], 0};
    };
    for_each_loaded<warp_size>(lane, columns, load, [&](std::size_t, const element& at) {
      const float g = at.d_y * at.scale;
      sum += g;
      along += g * (at.x - middle) * inverse;
    });
    const float mean_g = t.warp_sum(sum) / static_cast<float>(columns);
    const float mean_along = t.warp_sum(along) / static_cast<float>(columns);
    const auto load_all = [&](std::size_t c) {
      element at = load(c);
      at.d_x = widen(d_x[row][c]);
      return at;
    };
    for_each_loaded<warp_size>(lane, columns, load_all, [&](std::size_t c, const element& at) {
      const float g = at.d_y * at.scale, n = (at.x - middle) * inverse;
      d_x[row][c] = narrow<T>(at.d_x + inverse * (g - mean_g - n * mean_along));
    });
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

}  // namespace prefopt::inline v0_2::detail
