// SPDX-License-Identifier: MIT
#pragma once
// Sums down the columns of [N, C], in two steps so that many blocks can work on few columns: first
// partial sums over ranges of rows, in parallel, then the sum of the parts, in order. No atomics,
// so the same bits every time.

#include <cstddef>

#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

inline constexpr std::size_t rows_a_part = 64;

/// parts [blocks, C]: each block's sum of `term(row, column)` over its rows.
template <class Term>
struct column_parts_kernel {
  Term term;
  std::size_t rows, columns;
  float* parts;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t), part = t.block(0);
    if (column >= columns) return;
    const std::size_t begin = part * rows_a_part,
                      end = begin + rows_a_part < rows ? begin + rows_a_part : rows;
    float sum = 0;
    for_each_loaded<1>(
        begin, end, [&](std::size_t row) { return term(row, column); },
        [&](std::size_t, float x) { sum += x; });
    parts[part * columns + column] = sum;
  }
};

/// Adds the sum of the parts to out [C]: a warp's threads have neighboring columns, each of a
/// block's warps every eighth part.
struct add_parts_kernel {
  static constexpr std::size_t warps = 8;

  const float* parts;
  std::size_t count, columns;
  float* out;

  [[nodiscard]] launch_shape shape() const {
    return {.blocks = {1, blocks_for(columns, warp_size), 1},
            .threads = warps * warp_size,
            .shared_bytes = warps * warp_size * sizeof(float)};
  }

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t lane = t.index() % warp_size, warp = t.index() / warp_size;
    const std::size_t column = t.block(1) * warp_size + lane;
    auto* const of_warp = reinterpret_cast<float*>(t.shared());  // [warps, 32]
    float sum = 0;
    if (column < columns)
      for_each_loaded<warps>(
          warp, count, [&](std::size_t part) { return parts[part * columns + column]; },
          [&](std::size_t, float part) { sum += part; });
    of_warp[t.index()] = sum;
    t.sync();
    if (warp != 0 || column >= columns) return;
    for (std::size_t other = 1; other < warps; ++other) sum += of_warp[other * warp_size + lane];
    out[column] += sum;
  }
};

/// Adds to out [C] the sum over rows of term(row, column).
template <class Device, class Term>
void add_column_sums(const Device& device, const Term& term, std::size_t rows, std::size_t columns,
                     float* out) {
  if (rows == 0 || columns == 0) return;
  const std::size_t parts = blocks_for(rows, rows_a_part);
  const auto room = device.scratch(parts * columns * sizeof(float));
  auto* const sums = static_cast<float*>(room.data());
  device.launch(column_parts_kernel<Term>{term, rows, columns, sums},
                a_thread_an_element(parts, columns));
  const add_parts_kernel add{sums, parts, columns, out};
  device.launch(add, add.shape());
}

/// The element itself: the gradient of a bias.
template <class T>
struct element_term {
  device_rows<const T> values;

  PREFOPT_DEVICE float operator()(std::size_t row, std::size_t column) const {
    return widen(values[row][column]);
  }
};

}  // namespace prefopt::inline v0_2::detail
