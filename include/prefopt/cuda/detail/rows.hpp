// SPDX-License-Identifier: MIT
#pragma once
// Kernels that move rows: fill, gather, add, and round to bfloat16.
//
// Legend: N rows, R selected rows, C columns.

#include <cstddef>
#include <cstdint>

#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::inline v0_2::detail {

/// A grid of one block per row and 256 columns.
[[nodiscard]] inline launch_shape a_thread_an_element(std::size_t rows, std::size_t columns) {
  return {.blocks = {static_cast<unsigned>(rows), blocks_for(columns, 256), 1}};
}

/// This thread's column in a grid from a_thread_an_element.
template <class Thread>
[[nodiscard]] PREFOPT_DEVICE std::size_t column_of(const Thread& t) {
  return std::size_t{t.block(1)} * t.count() + t.index();
}

inline constexpr unsigned warps_a_block = 4;

/// A grid of one warp per row.
[[nodiscard]] inline launch_shape a_warp_a_row(std::size_t rows) {
  return {.blocks = {blocks_for(rows, warps_a_block), 1, 1}, .threads = warps_a_block * warp_size};
}

/// This warp's row in a grid from a_warp_a_row.
template <class Thread>
[[nodiscard]] PREFOPT_DEVICE std::size_t row_of_warp(const Thread& t) {
  return std::size_t{t.block(0)} * warps_a_block + t.index() / warp_size;
}

/// values [N, C] = value.
template <class T>
struct fill_kernel {
  device_rows<T> values;
  std::size_t columns;
  T value;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t);
    if (column >= columns) return;
    values[t.block(0)][column] = value;
  }
};

/// to [N, C] = from, rounded.
struct round_kernel {
  device_rows<const float> from;
  device_rows<bfloat16> to;
  std::size_t columns;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t);
    if (column >= columns) return;
    to[t.block(0)][column] = narrow<bfloat16>(from[t.block(0)][column]);
  }
};

/// out [R, C] = the selected rows of `from` [N, C].
template <class T>
struct gather_rows_kernel {
  device_rows<const T> from;
  const std::int32_t* rows;  // [R]
  device_rows<T> out;
  std::size_t columns;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t);
    if (column >= columns) return;
    out[t.block(0)][column] = from[static_cast<std::size_t>(rows[t.block(0)])][column];
  }
};

/// Adds the rows of `from` [R, C] to the selected rows of out [N, C], all distinct.
template <class T>
struct scatter_add_rows_kernel {
  device_rows<const T> from;
  const std::int32_t* rows;  // [R]
  device_rows<T> out;
  std::size_t columns;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t);
    if (column >= columns) return;
    T& target = out[static_cast<std::size_t>(rows[t.block(0)])][column];
    target = narrow<T>(widen(target) + widen(from[t.block(0)][column]));
  }
};

}  // namespace prefopt::inline v0_2::detail
