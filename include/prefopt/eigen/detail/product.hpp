// SPDX-License-Identifier: MIT
#pragma once
// Matrix products: out (+)= left right, over packed blocks that stay in the caches (Goto & van de
// Geijn 2008, Anatomy of high-performance matrix multiplication, ACM TOMS 34(3), section 4). A
// block of the result can be finished, with a bias or an activation, while it is still in cache.
//
// Legend: out [m, n], left [m, k], right [k, n].

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/core/view.hpp"
#include "prefopt/eigen/detail/buffer.hpp"
#include "prefopt/eigen/detail/parallel.hpp"
#include "prefopt/eigen/detail/product_kernel.hpp"
#include "prefopt/eigen/detail/product_packing.hpp"

namespace prefopt::inline v0_2::detail {

enum class update { assign, add };

/// A block of a result: rows and columns.
struct block_range {
  std::size_t row_begin, row_end, column_begin, column_end;

  /// The block's columns of one row of a matrix.
  template <class Value>
  [[nodiscard]] std::span<Value> of(matrix_view<Value> matrix, std::size_t row) const {
    return {matrix.data() + row * matrix.stride(0) + column_begin, column_end - column_begin};
  }
  template <class Value>
  [[nodiscard]] std::span<Value> of(std::span<Value> row) const {
    return row.subspan(column_begin, column_end - column_begin);
  }
};

/// A reference to a callable that receives each finished block of a result, on the thread that
/// computed it. The callable must outlive it.
class block_visitor {
 public:
  block_visitor() = default;
  template <class Visitor>
  block_visitor(const Visitor& visitor)
      : visitor_(&visitor), call_([](const void* v, const block_range& block) {
          (*static_cast<const Visitor*>(v))(block);
        }) {}

  void operator()(const block_range& block) const {
    if (call_ != nullptr) call_(visitor_, block);
  }

 private:
  const void* visitor_ = nullptr;
  void (*call_)(const void*, const block_range&) = nullptr;
};

/// Room for packed panels, reused from product to product.
template <class Kernel>
struct product_room {
  std::vector<typename Kernel::real> widened;  // a part of an operand that is stored otherwise
  std::vector<typename Kernel::word> scratch;
  zeroed_buffer<typename Kernel::word> left, right;

  static constexpr std::size_t row_block = round_up(128, Kernel::rows);
  static constexpr std::size_t column_block = Kernel::column_block;

  product_room()
      : left(row_block * Kernel::depth_block), right(column_block * Kernel::depth_block) {}
};

/// The product on the calling thread.
template <class Kernel>
class product {
 public:
  using real = typename Kernel::real;
  using word = typename Kernel::word;
  using room = product_room<Kernel>;

  product(update how, matrix_view<real> out, const product_operand<real>& left,
          const product_operand<real>& right, block_visitor finish)
      : how_(how), out_(out), left_(left), right_(right), finish_(finish) {}

  void operator()() const;

 private:
  static void pack(const product_operand<real>& part, panel_order order, std::size_t width,
                   std::size_t words, word* to, room& packed) {
    for (std::size_t first = 0; first < part.outer; first += width, to += width * words)
      pack_panel<Kernel>(part.part(first, std::min(part.outer, first + width), 0, part.depth)
                             .widened(packed.widened),
                         order, width, words, to, packed.scratch);
  }

  void multiply_block(const block_range& block, std::size_t words, const room& packed,
                      bool add) const {
    const word* right = packed.right.data();
    for (std::size_t column = block.column_begin; column < block.column_end;
         column += Kernel::columns) {
      const std::size_t columns = std::min(Kernel::columns, block.column_end - column);
      const word* left = packed.left.data();
      for (std::size_t row = block.row_begin; row < block.row_end; row += Kernel::rows) {
        const std::size_t rows = std::min(Kernel::rows, block.row_end - row);
        real* const target = out_.data() + row * out_.stride(0) + column;
        if (columns == Kernel::columns)
          Kernel::tile(rows, words, left, right, target, out_.stride(0), add);
        else
          narrow_tile(rows, columns, words, left, right, target, add);
        left += Kernel::rows * words;
      }
      right += Kernel::columns * words;
    }
  }

  /// A tile that extends past the last column of `out`.
  void narrow_tile(std::size_t rows, std::size_t columns, std::size_t words, const word* left,
                   const word* right, real* target, bool add) const {
    alignas(64) real tile[Kernel::rows * Kernel::columns];
    Kernel::tile(rows, words, left, right, tile, Kernel::columns, false);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        real& number = target[i * out_.stride(0) + j];
        number = add ? number + tile[i * Kernel::columns + j] : tile[i * Kernel::columns + j];
      }
  }

  update how_;
  matrix_view<real> out_;
  product_operand<real> left_, right_;
  block_visitor finish_;
};

template <class Kernel>
void product<Kernel>::operator()() const {
  thread_local room packed;
  [[maybe_unused]] const typename Kernel::scope scope;
  constexpr std::size_t depth_step = Kernel::depth_block * Kernel::group;
  for (std::size_t column = 0; column < right_.outer; column += room::column_block) {
    const std::size_t column_end = std::min(right_.outer, column + room::column_block);
    std::size_t depth = 0;
    do {  // once even for an empty depth, to assign zeros
      const std::size_t depth_end = std::min(left_.depth, depth + depth_step);
      const std::size_t words =
          round_up((depth_end - depth + Kernel::group - 1) / Kernel::group, Kernel::depth_words);
      pack(right_.part(column, column_end, depth, depth_end), panel_order::depth_major,
           Kernel::columns, words, packed.right.data(), packed);
      for (std::size_t row = 0; row < left_.outer; row += room::row_block) {
        const std::size_t row_end = std::min(left_.outer, row + room::row_block);
        pack(left_.part(row, row_end, depth, depth_end), Kernel::left_panel, Kernel::rows, words,
             packed.left.data(), packed);
        const block_range block{row, row_end, column, column_end};
        multiply_block(block, words, packed, how_ == update::add || depth > 0);
        if (depth_end == left_.depth) finish_(block);
      }
      depth = depth_end;
    } while (depth < left_.depth);
  }
}

/// The product over threads, split along the longer side of `out` so that the parts duplicate as
/// little packing as possible.
template <class Kernel>
void multiply(int threads, update how, matrix_view<typename Kernel::real> out,
              const product_operand<typename Kernel::real>& left,
              const product_operand<typename Kernel::real>& right, block_visitor finish = {}) {
  if (out.size() == 0) return;
  if (out.extent(0) >= out.extent(1))
    parallel_ranges(
        threads, out.extent(0), Kernel::rows, [&](std::size_t begin, std::size_t end, std::size_t) {
          const auto shifted = [&](const block_range& b) {
            finish({begin + b.row_begin, begin + b.row_end, b.column_begin, b.column_end});
          };
          product<Kernel>(how, out.rows(begin, end), left.part(begin, end, 0, left.depth), right,
                          shifted)();
        });
  else
    parallel_ranges(
        threads, out.extent(1), Kernel::columns,
        [&](std::size_t begin, std::size_t end, std::size_t) {
          const auto shifted = [&](const block_range& b) {
            finish({b.row_begin, b.row_end, begin + b.column_begin, begin + b.column_end});
          };
          product<Kernel>(how, columns(out, begin, end - begin), left,
                          right.part(begin, end, 0, right.depth), shifted)();
        });
}

}  // namespace prefopt::inline v0_2::detail
