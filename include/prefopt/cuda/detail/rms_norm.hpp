// SPDX-License-Identifier: MIT
#pragma once
// Root mean square normalization of each head of each row (Zhang & Sennrich 2019, arXiv:1910.07467,
// eq. 4) and its backward pass, one warp per head, with statistics in float.
//
// Legend: x, y [N, H, D] as N H rows of D channels; scale [D]; inverse_deviations [N, H].

#include <cmath>
#include <cstddef>

#include "prefopt/cuda/detail/column_sums.hpp"
#include "prefopt/cuda/detail/kernel.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

/// y = x * inverse_deviation * scale, and the inverse deviations.
template <class T>
struct rms_norm_kernel {
  heads_as_rows<const T> x;
  std::size_t rows, channels;
  const float* scale;
  float epsilon;
  heads_as_rows<T> y;
  heads_as_rows<float> inverse_deviations;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t row = row_of_warp(t), lane = t.index() % warp_size;
    if (row >= rows) return;  // whole warps: they meet only in warp_sum
    const T* const in = x[row];
    T* const out = y[row];
    float squares = 0;
    for_each_loaded<warp_size>(
        lane, channels, [&](std::size_t c) { return widen(in[c]); },
        [&](std::size_t, float value) { squares += value * value; });
    const float inverse =
        1 / std::sqrt(t.warp_sum(squares) / static_cast<float>(channels) + epsilon);
    struct element {
      float x, scale;
    };
    for_each_loaded<warp_size>(
        lane, channels,
        [&](std::size_t c) {
          return element{widen(in[c]), scale[c]};
        },
        [&](std::size_t c, const element& at) { out[c] = narrow<T>(at.x * inverse * at.scale); });
    if (lane == 0) *inverse_deviations[row] = inverse;
  }
};

/// Adds to d_x: inverse deviation * (g - n mean(g n)), with g = d_y scale and n = x * inverse
/// deviation.
template <class T>
struct rms_norm_backward_kernel {
  heads_as_rows<const T> d_y, x;
  std::size_t rows, channels;
  const float* scale;
  heads_as_rows<const float> inverse_deviations;
  heads_as_rows<T> d_x;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t row = row_of_warp(t), lane = t.index() % warp_size;
    if (row >= rows) return;
    const T *const in = x[row], *const d_out = d_y[row];
    T* const d_in = d_x[row];
    const float inverse = *inverse_deviations[row];
    struct element {
      float x, d_y, scale, d_x;
    };
    const auto load = [&](std::size_t c) {
      return element{widen(in[c]), widen(d_out[c]), scale[c], 0};
    };
    float along = 0;
    for_each_loaded<warp_size>(lane, channels, load, [&](std::size_t, const element& at) {
      along += at.d_y * at.scale * (at.x * inverse);
    });
    const float mean_along = t.warp_sum(along) / static_cast<float>(channels);
    const auto load_all = [&](std::size_t c) {
      element at = load(c);
      at.d_x = widen(d_in[c]);
      return at;
    };
    for_each_loaded<warp_size>(lane, channels, load_all, [&](std::size_t c, const element& at) {
      const float g = at.d_y * at.scale, n = at.x * inverse;
      d_in[c] = narrow<T>(at.d_x + inverse * (g - n * mean_along));
    });
  }
};

/// The gradient of the scale: d_y times the normalized x.
template <class T>
struct rms_scale_term {
  heads_as_rows<const T> d_y, x;
  heads_as_rows<const float> inverse_deviations;

  PREFOPT_DEVICE float operator()(std::size_t row, std::size_t channel) const {
    return widen(d_y[row][channel]) * widen(x[row][channel]) * *inverse_deviations[row];
  }
};

}  // namespace prefopt::inline v0_2::detail
