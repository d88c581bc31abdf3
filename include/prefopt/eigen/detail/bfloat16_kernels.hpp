// SPDX-License-Identifier: MIT
#pragma once
// Products in bfloat16: a kernel for any computer, and one for AVX-512's dot product of bfloat16
// pairs. Both sum in float32.

#include <cstddef>
#include <cstdint>

#include "prefopt/eigen/detail/bfloat16_words.hpp"
#include "prefopt/eigen/detail/product_kernel.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace prefopt::inline v0_2::detail {

/// Rounds to bfloat16 and multiplies in float32 on `Kernel`, which is exact: it works everywhere
/// and is as fast as float32.
template <class Kernel>
struct widened_bfloat16_kernel : Kernel {
  static constexpr bool words_are_numbers = false;

  static void words_along(const float* from, std::size_t depth, std::size_t, float* to) {
    for (std::size_t p = 0; p < depth; ++p) to[p] = rounded_to_bfloat16(from[p]);
  }
  static void words_across(const product_operand<float>& from, std::size_t p, float* to) {
    const float* const row = from.data + p * from.depth_stride;
    for (std::size_t i = 0; i < from.outer; ++i) to[i] = rounded_to_bfloat16(row[i]);
  }
};

#if defined(__x86_64__)
/// vdpbf16ps. Subnormal numbers count as 0.
struct avx512_bfloat16_kernel : bfloat16_pairs {
  struct scope {};
  static constexpr bool words_are_numbers = false;
  static constexpr std::size_t depth_words = 1, depth_block = 384, column_block = 2048;
  static constexpr panel_order left_panel = panel_order::depth_major;
  static constexpr std::size_t rows = 12, columns = 32;

  static void tile(std::size_t row_count, std::size_t words, const word* left, const word* right,
                   float* out, std::size_t stride, bool add) {
    tile_of_rows<avx512_bfloat16_kernel>(row_count, words, left, right, out, stride, add);
  }

  template <std::size_t Rows>
  [[gnu::target("avx512f,avx512bf16")]] static void some_rows(std::size_t words, const word* left,
                                                              const word* right, float* out,
                                                              std::size_t stride, bool add) {
    __m512 sums[Rows][2];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Rows; ++i) sums[i][0] = sums[i][1] = _mm512_setzero_ps();
    for (std::size_t p = 0; p < words; ++p, left += rows, right += columns) {
      // C-style casts: a function such as std::bit_cast could not return such a vector without
      // AVX-512.
      const auto first = (__m512bh)_mm512_loadu_si512(right),
                 second = (__m512bh)_mm512_loadu_si512(right + 16);
#pragma GCC unroll 16
      for (std::size_t i = 0; i < Rows; ++i) {
        __m512i pair = _mm512_set1_epi32(static_cast<int>(left[i]));
        asm("" : "+v"(pair));  // clang 16 crashes if it folds the broadcast into the dot product
        sums[i][0] = _mm512_dpbf16_ps(sums[i][0], (__m512bh)pair, first);
        sums[i][1] = _mm512_dpbf16_ps(sums[i][1], (__m512bh)pair, second);
      }
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Rows; ++i)
      for (std::size_t j = 0; j < 2; ++j) {
        float* const target = out + i * stride + 16 * j;
        _mm512_storeu_ps(target,
                         add ? _mm512_add_ps(_mm512_loadu_ps(target), sums[i][j]) : sums[i][j]);
      }
  }
};
#endif

}  // namespace prefopt::inline v0_2::detail
