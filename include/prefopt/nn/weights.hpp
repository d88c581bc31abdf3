// SPDX-License-Identifier: MIT
#pragma once
// Views on a flat buffer as the tensors that the layers use. The same type serves for values and
// gradients.

#include <cstddef>
#include <span>

#include "prefopt/core/view.hpp"
#include "prefopt/nn/layout.hpp"

namespace prefopt::inline v0_2 {

/// y = x W + b.
///
/// Legend: weight [in, out], bias [out].
template <class Value>
struct linear_weights {
  matrix_view<Value> weight;
  std::span<Value> bias;
};

/// Scale and shift of a layer norm, [C] each.
template <class Value>
struct layer_norm_weights {
  std::span<Value> scale;
  std::span<Value> shift;
};

/// One transformer block.
template <class Value>
struct block_weights {
  layer_norm_weights<Value> attention_norm;
  linear_weights<Value> qkv;            // [C, 3C] queries, keys, values
  linear_weights<Value> attention_out;  // [C, C]
  layer_norm_weights<Value> mlp_norm;
  linear_weights<Value> mlp_in;   // [C, I]
  linear_weights<Value> mlp_out;  // [I, C]
};

/// The tensors of `layout` inside `flat`. Cheap to make: it computes pointers.
template <class Value>
class decoder_weights {
 public:
  decoder_weights(const decoder_shape& shape, const decoder_layout& layout, std::span<Value> flat)
      : shape_(&shape), layout_(&layout), flat_(flat) {}

  [[nodiscard]] matrix_view<Value> token_embedding() const {
    return matrix(layout_->token_embedding());
  }
  [[nodiscard]] matrix_view<Value> position_embedding() const {
    return matrix(layout_->position_embedding());
  }
  [[nodiscard]] layer_norm_weights<Value> final_norm() const {
    return norm(layout_->final_norm(*shape_));
  }

  /// [V, C]; the token embedding itself if the head is tied.
  [[nodiscard]] matrix_view<Value> head() const { return matrix(layout_->head(*shape_)); }

  [[nodiscard]] block_weights<Value> block(std::size_t layer) const {
    const std::size_t first = layout_->block(layer);
    return {norm(first),     linear(first + 2), linear(first + 4),
            norm(first + 6), linear(first + 8), linear(first + 10)};
  }

  /// The index-th tensor of the layout.
  [[nodiscard]] std::span<Value> tensor(std::size_t index) const {
    const tensor_location& at = layout_->tensors()[index];
    return flat_.subspan(at.offset, at.size);
  }

 private:
  [[nodiscard]] matrix_view<Value> matrix(std::size_t index) const {
    const auto& shape = layout_->tensors()[index].shape;
    return {tensor(index).data(), {shape[0], shape[1]}};
  }
  [[nodiscard]] layer_norm_weights<Value> norm(std::size_t index) const {
    return {tensor(index), tensor(index + 1)};
  }
  [[nodiscard]] linear_weights<Value> linear(std::size_t index) const {
    return {matrix(index), tensor(index + 1)};
  }

  const decoder_shape* shape_;
  const decoder_layout* layout_;
  std::span<Value> flat_;
};

}  // namespace prefopt::inline v0_2
