// SPDX-License-Identifier: MIT
#pragma once
// Packing for products in bfloat16: float32 operands are rounded while they are packed, and two
// neighbors along the depth form a 32-bit word, the earlier one in its lower half, as the
// dot-product instructions of AVX-512 and AMX read them.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/eigen/detail/product_operand.hpp"

namespace prefopt::inline v0_2::detail {

[[nodiscard]] inline float rounded_to_bfloat16(float value) {
  return static_cast<float>(bfloat16(value));
}

[[nodiscard]] inline std::uint32_t bfloat16_word(float first, float second) {
  return static_cast<std::uint32_t>(bfloat16(first).bits()) |
         static_cast<std::uint32_t>(bfloat16(second).bits()) << 16;
}

/// What the kernels that multiply pairs share.
struct bfloat16_pairs {
  using real = float;
  using word = std::uint32_t;
  static constexpr std::size_t group = 2;

  static void words_along(const float* from, std::size_t depth, std::size_t words, word* to) {
    const std::size_t pairs = depth / 2;
    for (std::size_t p = 0; p < pairs; ++p) to[p] = bfloat16_word(from[2 * p], from[2 * p + 1]);
    std::size_t made = pairs;
    if (depth % 2 != 0) to[made++] = bfloat16_word(from[depth - 1], 0);
    std::fill(to + made, to + words, word{0});
  }

  static void words_across(const product_operand<float>& from, std::size_t p, word* to) {
    const float* const first = from.data + 2 * p * from.depth_stride;
    const float* const second = first + from.depth_stride;
    if (2 * p + 1 < from.depth)
      for (std::size_t i = 0; i < from.outer; ++i) to[i] = bfloat16_word(first[i], second[i]);
    else if (2 * p < from.depth)
      for (std::size_t i = 0; i < from.outer; ++i) to[i] = bfloat16_word(first[i], 0);
    else
      std::fill_n(to, from.outer, word{0});
  }
};

}  // namespace prefopt::inline v0_2::detail
