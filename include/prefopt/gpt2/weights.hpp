// SPDX-License-Identifier: MIT
#pragma once
// Views on a flat buffer as the tensors that the layers use. The same type serves values and
// gradients.

#include <cstddef>
#include <span>

#include "prefopt/core/view.hpp"
#include "prefopt/gpt2/layout.hpp"

namespace prefopt {

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
  layer_norm_weights<Value> ln_1;
  linear_weights<Value> c_attn;       // [C, 3C]
  linear_weights<Value> attn_c_proj;  // [C, C]
  layer_norm_weights<Value> ln_2;
  linear_weights<Value> c_fc;        // [C, I]
  linear_weights<Value> mlp_c_proj;  // [I, C]
};

/// The tensors of `layout` inside `flat`. Cheap to make: it computes pointers.
template <class Value>
class gpt2_weights {
 public:
  gpt2_weights(const gpt2_config& config, const gpt2_layout& layout, std::span<Value> flat)
      : config_(&config), layout_(&layout), flat_(flat) {}

  [[nodiscard]] matrix_view<Value> wte() const { return matrix(layout_->token_embedding()); }
  [[nodiscard]] matrix_view<Value> wpe() const { return matrix(layout_->position_embedding()); }
  [[nodiscard]] layer_norm_weights<Value> ln_f() const {
    return norm(layout_->final_norm(*config_));
  }

  /// [V, C]; the token embedding itself where the head is tied.
  [[nodiscard]] matrix_view<Value> head() const { return matrix(layout_->head(*config_)); }

  [[nodiscard]] block_weights<Value> block(std::size_t layer) const {
    const std::size_t first = layout_->block(layer);
    return {norm(first),     linear(first + 2), linear(first + 4),
            norm(first + 6), linear(first + 8), linear(first + 10)};
  }

  /// The place-th tensor of the layout.
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

  const gpt2_config* config_;
  const gpt2_layout* layout_;
  std::span<Value> flat_;
};

}  // namespace prefopt
