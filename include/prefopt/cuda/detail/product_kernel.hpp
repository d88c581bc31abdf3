// SPDX-License-Identifier: MIT
#pragma once
// A device_product as a plain kernel, for products that the vendor's library has no algorithm for,
// mostly odd strides. Any type, any finish; a block computes 64 x 64 elements of the result, a
// thread 4 x 4, from tiles in shared memory.
//
// Legend: out [m, n] = left [m, k] right [k, n].

#include <cstddef>

#include "prefopt/cuda/detail/activation.hpp"
#include "prefopt/cuda/detail/kernel.hpp"
#include "prefopt/cuda/detail/product.hpp"

namespace prefopt::inline v0_2::detail {

template <class In, class Out>
class product_kernel {
 public:
  explicit product_kernel(const device_product<In, Out>& p)
      : rows_(p.out.extent(0)),
        columns_(p.out.extent(1)),
        depth_(p.left.extent(p.left_is_transposed ? 0 : 1)),
        left_(operand_of(p.left, !p.left_is_transposed)),
        right_(operand_of(p.right, p.right_is_transposed)),
        out_(rows_of(p.out)),
        addend_(rows_of(p.addend)),
        bias_(p.bias),
        finish_(p.finish),
        before_(rows_of(p.before)) {}

  [[nodiscard]] launch_shape shape() const {
    return {.blocks = {blocks_for(rows_, side), blocks_for(columns_, side), 1},
            .threads = threads_a_side * threads_a_side,
            .shared_bytes = 2 * depth_step * pitch * sizeof(float)};
  }

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    // [depth_step, pitch], followed by the same for right
    auto* const left = reinterpret_cast<float*>(t.shared());
    float* const right = left + depth_step * pitch;
    const std::size_t first_row = std::size_t{t.block(0)} * side,
                      first_column = std::size_t{t.block(1)} * side;
    const std::size_t my_row = t.index() / threads_a_side, my_column = t.index() % threads_a_side;
    float sums[each][each] = {};
    for (std::size_t depth = 0; depth < depth_; depth += depth_step) {
      load(t, left_, first_row, rows_, depth, left);
      load(t, right_, first_column, columns_, depth, right);
      t.sync();
      for (std::size_t d = 0; d < depth_step; ++d) {
        const float* const of_left = left + d * pitch + my_row;
        const float* const of_right = right + d * pitch + my_column;
        for (std::size_t i = 0; i < each; ++i)
          for (std::size_t j = 0; j < each; ++j)
            sums[i][j] += of_left[i * threads_a_side] * of_right[j * threads_a_side];
      }
      t.sync();  // before the next tiles are written there
    }
    for (std::size_t i = 0; i < each; ++i)
      for (std::size_t j = 0; j < each; ++j) {
        const std::size_t row = first_row + my_row + i * threads_a_side;
        const std::size_t column = first_column + my_column + j * threads_a_side;
        if (row < rows_ && column < columns_) store(row, column, sums[i][j]);
      }
  }

 private:
  static constexpr std::size_t side = 64, each = 4, depth_step = 16;
  static constexpr unsigned threads_a_side = 16;
  static constexpr std::size_t pitch = side + 1;  // puts a tile's column into distinct banks

  /// Element (outer, depth) of a factor: left's rows or right's columns are its outer axis.
  struct operand {
    const In* data;
    std::size_t outer_stride, depth_stride;
  };
  [[nodiscard]] static operand operand_of(matrix_view<const In> matrix, bool outer_first) {
    const std::size_t stride = matrix.stride(0);
    return {matrix.data(), outer_first ? stride : 1, outer_first ? 1 : stride};
  }

  /// Loads a tile of a factor, with zeros beyond its end. Neighboring threads read along the axis
  /// that is contiguous in memory.
  template <class Thread>
  PREFOPT_DEVICE void load(Thread& t, const operand& from, std::size_t first, std::size_t count,
                           std::size_t depth, float* tile) const {
    for (std::size_t i = t.index(); i < side * depth_step; i += t.count()) {
      const bool along_depth = from.depth_stride == 1;
      const std::size_t outer = along_depth ? i / depth_step : i % side,
                        d = along_depth ? i % depth_step : i / side;
      const bool inside = first + outer < count && depth + d < depth_;
      tile[d * pitch + outer] = inside ? widen(from.data[(first + outer) * from.outer_stride +
                                                         (depth + d) * from.depth_stride])
                                       : 0.0f;
    }
  }

  PREFOPT_DEVICE void store(std::size_t row, std::size_t column, float x) const {
    if (addend_.data != nullptr) x += widen(addend_[row][column]);
    if (bias_ != nullptr) x += bias_[column];
    if (finish_ == product_finish::gelu) {
      before_[row][column] = narrow<Out>(x);
      x = gelu(activation_function::gelu_new, x);
    } else if (finish_ == product_finish::gelu_backward) {
      x *= gelu_slope_at(activation_function::gelu_new, widen(before_[row][column]));
    }
    out_[row][column] = narrow<Out>(x);
  }

  std::size_t rows_, columns_, depth_;
  operand left_, right_;
  device_rows<Out> out_;
  device_rows<const Out> addend_;
  const float* bias_;
  product_finish finish_;
  device_rows<Out> before_;
};

}  // namespace prefopt::inline v0_2::detail
