// SPDX-License-Identifier: MIT
#pragma once
// The innermost loop of a matrix product: a tile of the result stays in registers while both
// operands stream through.
//
// clang-format off
// A product kernel is a type with
//   real, word                   type of the numbers outside, and of a packed panel's elements
//   group                        number of neighbors along the depth in one word
//   words_are_numbers            whether a word is the operand's unchanged number
//   rows, columns                of the tile
//   left_panel                   packing of the left operand
//   depth_words                  the packed depth is a multiple of it, in words
//   depth_block                  words of depth that are packed at once
//   column_block                 columns of the result that are computed at once
//   scope                        constructed on each thread before its first tile
//   words_along, words_across    make words from numbers along the depth, or across it
//   tile(rows, words, left, right, out, stride, add)
//                                out [rows, columns] (+)= left panel x right panel
// clang-format on
// Every element of a tile is summed over the depth in the same order, regardless of its neighbors.
// Therefore a row's bits do not depend on other rows.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#include "prefopt/eigen/detail/product_operand.hpp"
#include "prefopt/eigen/detail/vector.hpp"

namespace prefopt::inline v0_2::detail {

/// Order of a packed panel of `width` rows or columns: [depth, width] or, for kernels that read
/// rows whole, [width, depth].
enum class panel_order { depth_major, row_major };

/// Calls Kernel::some_rows<row_count> for a run-time number: a tile's row count must be a constant
/// for its sums to be in registers.
template <class Kernel, class... Arguments>
void tile_of_rows(std::size_t row_count, Arguments... arguments) {
  static constexpr auto by_rows = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array{&Kernel::template some_rows<I + 1>...};
  }(std::make_index_sequence<Kernel::rows>{});
  by_rows[row_count - 1](arguments...);
}

/// float or double in vectors of `Bytes` bytes, of which the processor has `Registers`: all of a
/// kernel except for the loop itself.
template <class Real, std::size_t Bytes, std::size_t Registers>
struct vector_kernel {
  using real = Real;
  using word = Real;
  struct scope {};
  static constexpr std::size_t group = 1, depth_words = 1;
  static constexpr bool words_are_numbers = true;
  static constexpr std::size_t depth_block = 1536 / sizeof(Real), column_block = 2048;
  static constexpr panel_order left_panel = panel_order::depth_major;
  // 2 vectors per row: 24 or 12 sums leave registers for the two vectors of the right operand and
  // one of the left, and are enough to keep two multipliers busy over an addition's latency.
  static constexpr std::size_t lanes = Bytes / sizeof(Real);
  static constexpr std::size_t rows = Registers == 32 ? 12 : 6, columns = 2 * lanes;
  typedef Real vector __attribute__((vector_size(Bytes)));

  /// The numbers are the words.
  static void words_along(const Real* from, std::size_t depth, std::size_t, Real* to) {
    std::copy_n(from, depth, to);
  }
  static void words_across(const product_operand<Real>& from, std::size_t p, Real* to) {
    // Four numbers at a time: memmove does not know that a tile's width is small.
    const Real* const row = from.data + p * from.depth_stride;
    std::size_t i = 0;
    for (; i + 4 <= from.outer; i += 4) std::memcpy(to + i, row + i, 4 * sizeof(Real));
    for (; i < from.outer; ++i) to[i] = row[i];
  }
};

// The members tile and some_rows of a vector kernel. A macro, because a function's instruction set
// is an attribute that no template can pass on, and because g++ splits vectors that are too wide
// for a function's instruction set before it inlines the function.
#define PREFOPT_VECTOR_TILE(KERNEL, ...)                                                           \
  using typename KERNEL::vector_kernel::vector;                                                    \
  using KERNEL::vector_kernel::lanes, KERNEL::vector_kernel::rows, KERNEL::vector_kernel::columns; \
                                                                                                   \
  static void tile(std::size_t row_count, std::size_t words, const Real* left, const Real* right,  \
                   Real* out, std::size_t stride, bool add) {                                      \
    tile_of_rows<KERNEL>(row_count, words, left, right, out, stride, add);                         \
  }                                                                                                \
                                                                                                   \
  template <std::size_t Rows>                                                                      \
  __VA_ARGS__ static void some_rows(std::size_t words, const Real* left, const Real* right,        \
                                    Real* out, std::size_t stride, bool add) {                     \
    vector sums[Rows][2] = {};                                                                     \
    for (std::size_t p = 0; p < words; ++p, left += rows, right += columns) {                      \
      vector first, second;                                                                        \
      load(first, right);                                                                          \
      load(second, right + lanes);                                                                 \
      _Pragma("GCC unroll 16") for (std::size_t i = 0; i < Rows; ++i) {                            \
        sums[i][0] += left[i] * first;                                                             \
        sums[i][1] += left[i] * second;                                                            \
      }                                                                                            \
    }                                                                                              \
    _Pragma("GCC unroll 16") for (std::size_t i = 0; i < Rows; ++i)                                \
        _Pragma("GCC unroll 2") for (std::size_t j = 0; j < 2; ++j) {                              \
      Real* const target = out + i * stride + j * lanes;                                           \
      vector sum = sums[i][j];                                                                     \
      if (add) {                                                                                   \
        vector before;                                                                             \
        load(before, target);                                                                      \
        sum = before + sum;                                                                        \
      }                                                                                            \
      store(target, sum);                                                                          \
    }                                                                                              \
  }

/// The vectors that the translation unit is compiled for.
template <class Real>
struct native_kernel : vector_kernel<Real, vector_bytes, vector_registers> {
  PREFOPT_VECTOR_TILE(native_kernel)
};

#if defined(__x86_64__)
/// 256-bit vectors, for builds that may not assume them. The bits are those of native vectors with
/// fused multiplication and addition, whatever their width.
template <class Real>
struct avx2_kernel : vector_kernel<Real, 32, 16> {
  PREFOPT_VECTOR_TILE(avx2_kernel, [[gnu::target("avx2,fma")]])
};
/// The same with 512-bit vectors.
template <class Real>
struct avx512_kernel : vector_kernel<Real, 64, 32> {
  PREFOPT_VECTOR_TILE(avx512_kernel, [[gnu::target("avx512f")]])
};
#endif
#undef PREFOPT_VECTOR_TILE

}  // namespace prefopt::inline v0_2::detail
