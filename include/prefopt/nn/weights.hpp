// SPDX-License-Identifier: MIT
#pragma once
// Views on a flat buffer as the tensors that the layers use. The same type serves for values and
// gradients; the gradient of a tensor that does not train has no room and is an empty view.

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "prefopt/backend/linear.hpp"
#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/nn/layout.hpp"

namespace prefopt::inline v0_2 {

/// y = x W + b. Without a bias, `bias` is empty.
template <class Value>
struct linear_weights {
  linear_weight<Value> weight;  // [in, out], in its file's order
  std::span<Value> bias;        // [out]
};

/// Some of the outputs of a linear layer, as a layer. Parts without room have none.
template <class Value>
[[nodiscard]] linear_weights<Value> outputs(const linear_weights<Value>& linear, std::size_t begin,
                                            std::size_t count) {
  linear_weights<Value> part = linear;
  const stored_weight<Value>& whole = linear.weight.values;
  if (whole.extent(0) != 0)
    part.weight.values = linear.weight.order == weight_order::out_in
                             ? whole.rows(begin, begin + count)
                             : columns(whole, begin, count);
  if (!linear.bias.empty()) part.bias = linear.bias.subspan(begin, count);
  return part;
}

/// Scale and shift of a norm, [C] each; an RMS norm has no shift.
template <class Value>
struct norm_weights {
  std::span<Value> scale;
  std::span<Value> shift;
};

/// One transformer block. Legend: H query heads, K key-value heads of D channels, I inner channels;
/// F = 2 I with a gate, else I.
template <class Value>
struct block_weights {
  norm_weights<Value> attention_norm;
  linear_weights<Value> qkv;                 // [C, (H + 2K) D] queries, keys, values
  norm_weights<Value> query_norm, key_norm;  // [D], empty unless the shape has qk_norm
  linear_weights<Value> attention_out;       // [H D, C]
  norm_weights<Value> mlp_norm;
  linear_weights<Value> mlp_in;   // [C, F] gate, up
  linear_weights<Value> mlp_out;  // [I, C]

  /// Whether no tensor of the block has room.
  [[nodiscard]] bool empty() const {
    const auto has = [](const auto&... tensors) { return (... || (tensors.size() != 0)); };
    return !has(attention_norm.scale, attention_norm.shift, qkv.weight.values, qkv.bias,
                query_norm.scale, key_norm.scale, attention_out.weight.values, attention_out.bias,
                mlp_norm.scale, mlp_norm.shift, mlp_in.weight.values, mlp_in.bias,
                mlp_out.weight.values, mlp_out.bias);
  }
};

/// The tensors of `layout` inside `flat`. Cheap to make: it computes pointers.
template <class Value>
class decoder_weights {
 public:
  decoder_weights(const decoder_shape& shape, const decoder_layout& layout, std::span<Value> flat)
      : order_(shape.order), layout_(&layout), matrices_(&layout), flat_(flat) {}

  /// The same with matrices that are stored as bfloat16, in a buffer with its own layout.
  decoder_weights(const decoder_shape& shape, const decoder_layout& layout, std::span<Value> flat,
                  const decoder_layout& rounded_layout, std::span<const bfloat16> rounded)
    requires std::is_const_v<Value>
      : order_(shape.order),
        layout_(&layout),
        matrices_(&rounded_layout),
        flat_(flat),
        rounded_(rounded) {}

  [[nodiscard]] stored_weight<Value> token_embedding() const {
    return matrix(matrices_->token_embedding());
  }
  /// [positions, C]; no rows if positions are rotations.
  [[nodiscard]] stored_weight<Value> position_embedding() const {
    return matrix(matrices_->position_embedding());
  }
  [[nodiscard]] norm_weights<Value> final_norm() const { return norm(layout_->final_norm()); }

  /// [V, C]; the token embedding itself if the head is tied.
  [[nodiscard]] stored_weight<Value> head() const { return matrix(matrices_->head()); }

  [[nodiscard]] block_weights<Value> block(std::size_t layer) const {
    const block_location &at = layout_->block(layer), &weights = matrices_->block(layer);
    return {norm(at.attention_norm),
            linear(weights.qkv, at.qkv),
            norm(at.query_norm),
            norm(at.key_norm),
            linear(weights.attention_out, at.attention_out),
            norm(at.mlp_norm),
            linear(weights.mlp_in, at.mlp_in),
            linear(weights.mlp_out, at.mlp_out)};
  }

  /// The index-th tensor of the layout; empty if it has no room in `flat`.
  [[nodiscard]] std::span<Value> tensor(std::size_t index) const {
    const tensor_location& at = layout_->tensors()[index];
    return flat_.subspan(at.offset, at.size);
  }

 private:
  [[nodiscard]] std::span<Value> values(const buffer_range& at) const {
    return flat_.subspan(at.offset, at.size);
  }
  [[nodiscard]] stored_weight<Value> matrix(const matrix_location& at) const {
    const std::array<std::size_t, 2> extents{at.rows, at.columns};
    if constexpr (std::is_const_v<Value>)
      if (matrices_ != layout_)
        return matrix_view<const bfloat16>(rounded_.subspan(at.range.offset).data(), extents);
    return matrix_view<Value>(values(at.range).data(), extents);
  }
  [[nodiscard]] norm_weights<Value> norm(const norm_location& at) const {
    return {values(at.scale), values(at.shift)};
  }
  [[nodiscard]] linear_weights<Value> linear(const linear_location& weight,
                                             const linear_location& bias) const {
    return {{matrix(weight.weight), order_}, values(bias.bias)};
  }

  weight_order order_;
  const decoder_layout* layout_;
  const decoder_layout* matrices_;  // the same, unless they are stored apart
  std::span<Value> flat_;
  std::span<const bfloat16> rounded_;
};

}  // namespace prefopt::inline v0_2
