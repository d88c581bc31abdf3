// SPDX-License-Identifier: MIT
#pragma once
// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): the table of cosines and sines, and
// the rotation of heads in place, a thread for each pair of channels.
//
// Legend: x [N, H, D]; table [N, D], whose rows are cosines | sines.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "prefopt/cuda/detail/kernel.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

/// table = the cosines and sines of position * inverse_frequency. Angles are double: a float near
/// 100,000, a position of a long text, is off by up to 0.004.
struct rotation_table_kernel {
  const std::int32_t* positions;      // [N]
  const double* inverse_frequencies;  // [D / 2]
  std::size_t half;
  device_rows<float> table;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t i = column_of(t), row = t.block(0);
    if (i >= half) return;
    const double angle = positions[row] * inverse_frequencies[i];
    table[row][i] = static_cast<float>(std::cos(angle));
    table[row][half + i] = static_cast<float>(std::sin(angle));
  }
};

/// Rotates the pairs (i, i + D / 2) of x by `sign` times angle i.
template <class T>
struct rotate_kernel {
  device_rows<const float> table;
  float sign;
  unsigned heads, half;
  device_heads<T> x;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const auto pair = static_cast<unsigned>(column_of(t));
    if (pair >= heads * half) return;
    const std::size_t row = t.block(0);
    const unsigned head = pair / half, i = pair % half;
    T* const in = x.at(row, head);
    const float cosine = table[row][i], sine = sign * table[row][half + i];
    const float a = widen(in[i]), b = widen(in[half + i]);
    in[i] = narrow<T>(a * cosine - b * sine);
    in[half + i] = narrow<T>(b * cosine + a * sine);
  }
};

}  // namespace prefopt::inline v0_2::detail
