// SPDX-License-Identifier: MIT
#pragma once
// Tiles of bfloat16 in shared memory, and the fragments of them that a warp's threads hold for
// tensor cores (PTX ISA 8.0, section 9.7.13.4.8, the figures of m16n8k16).

#include <cstddef>
#include <cstdint>

#include "prefopt/cuda/detail/attention_plan.hpp"
#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::inline v0_2::detail {

/// A row of a tile is padded by 8 numbers: the 8 rows that a warp reads at once then begin in 8
/// different groups of 4 banks, and no thread waits.
inline constexpr unsigned tile_padding = 8;
inline constexpr unsigned tile_rows = static_cast<unsigned>(attention_tile_rows);
inline constexpr unsigned tile_threads = 4 * warp_size;

/// Elements of a [64, columns] tile.
[[nodiscard]] constexpr std::size_t tile_elements(unsigned rows, unsigned columns) {
  return std::size_t{rows} * (columns + tile_padding);
}

/// A tile in shared memory with padded rows.
struct shared_tile {
  bfloat16* data;
  unsigned stride;

  /// Two adjacent numbers; `column` is even.
  [[nodiscard]] PREFOPT_DEVICE std::uint32_t pair(unsigned row, unsigned column) const {
    return *reinterpret_cast<const std::uint32_t*>(data + row * stride + column);
  }
};

[[nodiscard]] PREFOPT_DEVICE inline std::uint32_t packed(float first, float second) {
#if defined(__CUDA_ARCH__)
  std::uint32_t both;
  // the upper half comes first
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return both;
#else
  return static_cast<std::uint32_t>(bfloat16(first).bits()) |
         static_cast<std::uint32_t>(bfloat16(second).bits()) << 16;
#endif
}

/// The elements of one thread of a warp in a 16 x 8 result: rows `row` and `row + 8`, columns
/// `column` and `column + 1`.
struct fragment_offset {
  unsigned row, column;

  PREFOPT_DEVICE explicit fragment_offset(unsigned lane) : row(lane / 4), column(lane % 4 * 2) {}
};

/// Left operand [16, 16]: rows from `row`, depth from `depth`.
struct left_fragment {
  std::uint32_t words[4];

  PREFOPT_DEVICE left_fragment(const shared_tile& tile, unsigned row, unsigned depth,
                               fragment_offset at)
      : words{tile.pair(row + at.row, depth + at.column),
              tile.pair(row + at.row + 8, depth + at.column),
              tile.pair(row + at.row, depth + at.column + 8),
              tile.pair(row + at.row + 8, depth + at.column + 8)} {}
  /// From two neighboring results [16, 8]: the sums already have the layout that the next product
  /// requires of its left operand.
  PREFOPT_DEVICE left_fragment(const float (&left)[4], const float (&right)[4])
      : words{packed(left[0], left[1]), packed(left[2], left[3]), packed(right[0], right[1]),
              packed(right[2], right[3])} {}
};

/// Right operand [16, 8] from a tile that holds it transposed: columns from the tile's row
/// `column`, depth along it.
struct right_fragment {
  std::uint32_t words[2];

  PREFOPT_DEVICE right_fragment(const shared_tile& tile, unsigned column, unsigned depth,
                                fragment_offset at)
      : words{tile.pair(column + at.row, depth + at.column),
              tile.pair(column + at.row, depth + at.column + 8)} {}
};

/// 16 bytes, which one load reads.
struct alignas(16) eight_numbers {
  std::uint32_t pairs[4] = {};
};

/// Eight numbers of a head's row from `column` on; zeros after the last row.
[[nodiscard]] PREFOPT_DEVICE inline eight_numbers eight_of(device_heads<const bfloat16> heads,
                                                           unsigned head, std::size_t row,
                                                           std::size_t rows, unsigned column) {
  return row < rows ? *reinterpret_cast<const eight_numbers*>(heads.at(row, head) + column)
                    : eight_numbers{};
}

/// Loads rows [first, first + 64) of a head, [rows, Size], with zeros after the last, by all
/// tile_threads of a block. All loads of a thread are in flight before the first store.
template <unsigned Size, class Thread>
PREFOPT_DEVICE void load_tile(Thread& t, device_heads<const bfloat16> heads, unsigned head,
                              std::size_t first, std::size_t rows, const shared_tile& to) {
  constexpr unsigned a_row = Size / 8, each = tile_rows * a_row / tile_threads;
  eight_numbers values[each];
  for (unsigned n = 0; n < each; ++n) {
    const unsigned i = t.index() + n * tile_threads;
    values[n] = eight_of(heads, head, first + i / a_row, rows, i % a_row * 8);
  }
  for (unsigned n = 0; n < each; ++n) {
    const unsigned i = t.index() + n * tile_threads;
    *reinterpret_cast<eight_numbers*>(to.data + i / a_row * to.stride + i % a_row * 8) = values[n];
  }
}

/// The same transposed, [Size, 64]. A thread takes 8 columns of two rows, whose numbers form pairs;
/// threads of a warp take neighboring rows, so that they write to neighboring banks.
template <unsigned Size, class Thread>
PREFOPT_DEVICE void load_transposed(Thread& t, device_heads<const bfloat16> heads, unsigned head,
                                    std::size_t first, std::size_t rows, const shared_tile& to) {
  constexpr unsigned pairs = tile_rows / 2, each = pairs * (Size / 8) / tile_threads;
  eight_numbers upper[each], lower[each];
  for (unsigned n = 0; n < each; ++n) {
    const unsigned i = t.index() + n * tile_threads, row = i % pairs * 2, column = i / pairs * 8;
    upper[n] = eight_of(heads, head, first + row, rows, column);
    lower[n] = eight_of(heads, head, first + row + 1, rows, column);
  }
  for (unsigned n = 0; n < each; ++n) {
    const unsigned i = t.index() + n * tile_threads, row = i % pairs * 2, column = i / pairs * 8;
    for (unsigned j = 0; j < 4; ++j) {
      const auto write = [&](unsigned at, std::uint32_t pair) {
        *reinterpret_cast<std::uint32_t*>(to.data + (column + at) * to.stride + row) = pair;
      };
      write(2 * j, (upper[n].pairs[j] & 0xffffu) | lower[n].pairs[j] << 16);
      write(2 * j + 1, upper[n].pairs[j] >> 16 | (lower[n].pairs[j] & 0xffff0000u));
    }
  }
}

}  // namespace prefopt::inline v0_2::detail
