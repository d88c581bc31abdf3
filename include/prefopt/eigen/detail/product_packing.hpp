// SPDX-License-Identifier: MIT
#pragma once
// Packing: copies a part of an operand to panels in the order in which a product kernel reads it.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "prefopt/eigen/detail/product_kernel.hpp"
#include "prefopt/eigen/detail/vector.hpp"

namespace prefopt::inline v0_2::detail {

[[nodiscard]] constexpr std::size_t round_up(std::size_t count, std::size_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/// Copies a 4 x 4 block to its transpose.
template <class Word>
void transpose_4x4(const Word* from, std::size_t from_stride, Word* to, std::size_t to_stride) {
  typedef Word four __attribute__((vector_size(4 * sizeof(Word))));
  four a, b, c, d;
  load(a, from);
  load(b, from + from_stride);
  load(c, from + 2 * from_stride);
  load(d, from + 3 * from_stride);
  const four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
             ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
             cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
  store(to + to_stride, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
  store(to + 2 * to_stride, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
  store(to + 3 * to_stride, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

/// to [columns, to_stride] = from [rows, from_stride] transposed.
template <class Word>
void transpose(const Word* from, std::size_t rows, std::size_t columns, std::size_t from_stride,
               Word* to, std::size_t to_stride) {
  const std::size_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (std::size_t j = 0; j < whole_columns; j += 4)
    for (std::size_t i = 0; i < whole_rows; i += 4)
      transpose_4x4(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
      to[j * to_stride + i] = from[i * from_stride + j];
}

/// Packs one panel of `width` outer indices and `words` words of depth, padded with zeros if `part`
/// is smaller. Words are made along the contiguous axis; if the panel runs along the other, they
/// are then transposed, through `scratch` unless a word is a plain number.
template <class Kernel>
void pack_panel(const product_operand<typename Kernel::real>& part, panel_order order,
                std::size_t width, std::size_t words, typename Kernel::word* to,
                std::vector<typename Kernel::word>& scratch) {
  using word = typename Kernel::word;
  if (part.outer < width) std::fill_n(to, width * words, word{});
  const bool source_is_rows = part.depth_stride == 1;
  const bool transposed = source_is_rows != (order == panel_order::row_major);
  // words == part.depth
  static_assert(!Kernel::words_are_numbers || (Kernel::group == 1 && Kernel::depth_words == 1));
  if constexpr (Kernel::words_are_numbers)
    if (source_is_rows && transposed)
      return transpose(part.data, part.outer, part.depth, part.outer_stride, to, width);
  if (transposed) scratch.resize(std::max(scratch.size(), width * words));
  word* const made = transposed ? scratch.data() : to;
  if (source_is_rows) {
    for (std::size_t i = 0; i < part.outer; ++i)
      Kernel::words_along(part.data + i * part.outer_stride, part.depth, words, made + i * words);
    if (transposed) transpose(made, part.outer, words, words, to, width);
  } else {
    for (std::size_t p = 0; p < words; ++p) Kernel::words_across(part, p, made + p * width);
    if (transposed) transpose(made, words, part.outer, width, to, words);
  }
}

}  // namespace prefopt::inline v0_2::detail
