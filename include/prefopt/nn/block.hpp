// SPDX-License-Identifier: MIT
#pragma once
// One transformer block, forward and hand-derived backward (pre-norm, as in GPT-2: Radford et al.
// 2019, section 2.3; with RMS norms, rotations and a gate as in Llama: Touvron et al. 2023,
// arXiv:2302.13971, section 2.2).
//
// Legend: N rows, C channels, D channels a head, I inner channels; F = 2 I with a gate, else I.

#include <cmath>
#include <cstddef>
#include <utility>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/nn/block_tape.hpp"
#include "prefopt/nn/shape.hpp"
#include "prefopt/nn/weights.hpp"

namespace prefopt::inline v0_2 {

/// A block of one model on one backend.
template <transformer_backend Backend>
class decoder_block {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;
  using view = matrix_view<activation_type>;
  using const_view = matrix_view<const activation_type>;
  using rotation_view = matrix_view<const value_type>;

  decoder_block(const Backend& backend, const decoder_shape& shape, const layer_shape& layer,
                const block_weights<const value_type>& weights)
      : backend_(backend), shape_(shape), layer_(layer), weights_(weights) {}

  /// Maps the residual stream x [N, C] to y [N, C] for the rows of `rows` from `rows.first_row` on;
  /// N counts from there. `rotations` [N, D] is their rotation table. `heads` has room for all rows
  /// and must hold the keys and values of the earlier rows. Writes tape and heads.
  void forward(const attention_rows& rows, rotation_view rotations, const_view x,
               after_attention_tape<Backend>& tape, projected_heads<Backend>& heads,
               block_scratch<Backend>& scratch, view y) const {
    attend(rows, rotations, x, tape, heads, scratch);
    after_attention(x, tape, scratch, y);
  }

  /// Makes what forward wrote to tape and heads again, for a backward pass, from x. Leaves out the
  /// last product, which makes y.
  void remake(const attention_rows& rows, rotation_view rotations, const_view x,
              block_tape<Backend>& tape, block_scratch<Backend>& scratch) const {
    attend(rows, rotations, x, tape.rest, tape.heads, scratch);
    until_activation(x, tape.rest, scratch);
  }

  /// Maps the attention's output, in the tape, and the residual stream before it [N, C] to y [N,
  /// C].
  void after_attention(const_view residual, after_attention_tape<Backend>& tape,
                       block_scratch<Backend>& scratch, view y) const {
    const std::size_t count = residual.extent(0);
    const const_view activated = until_activation(residual, tape, scratch);
    backend_.linear_residual(activated, weights_.mlp_out.weight, weights_.mlp_out.bias,
                             tape.middle.view().rows(0, count), y);
  }

  /// Turns d loss / d y into d loss / d x in place (`d` [N, C]) and adds to the gradients. Expects
  /// x and tape as forward left them, with first_row 0.
  void backward(const attention_rows& rows, rotation_view rotations, const_view x,
                const block_tape<Backend>& tape, const block_weights<value_type>& gradients,
                block_scratch<Backend>& scratch, block_gradients<Backend>& activation_gradients,
                view d) const {
    after_attention_backward(tape.rest, gradients, scratch, activation_gradients.rest, d);
    const const_view d_attended = activation_gradients.rest.attended.view();
    const auto d_channels = activation_gradients.rest.channels.view();
    const head_views<const activation_type> heads = tape.heads.views();
    const head_views<activation_type> d_heads = activation_gradients.heads.views();
    backend_.tree_attention_backward(rows_of_layer(rows), heads.queries(), heads.keys(),
                                     heads.values(), scale(), heads_of(tape.rest.attended.view()),
                                     tape.rest.log_sums.view(), heads_of(d_attended),
                                     d_heads.queries(), d_heads.keys(), d_heads.values());
    const const_view normalized = attention_normalize(x, scratch);
    projection().backward(activation_gradients.heads, tape.heads, normalized,
                          rotations_of_layer(rotations),
                          projection_weights<value_type>::all(gradients), d_channels);
    attention_normalize_backward(d_channels, x, scratch, d, gradients);
  }

  /// The backward pass of after_attention: turns d loss / d y into d loss / d residual in place
  /// (`d` [N, C]) and assigns d loss / d attended to `activation_gradients.attended`.
  void after_attention_backward(const after_attention_tape<Backend>& tape,
                                const block_weights<value_type>& gradients,
                                block_scratch<Backend>& scratch,
                                after_attention_gradients<Backend>& activation_gradients,
                                view d) const {
    const std::size_t count = d.extent(0);
    const auto d_inner = activation_gradients.inner.view().rows(0, count);
    const auto d_channels = activation_gradients.channels.view().rows(0, count);
    mlp_out_backward(tape.inner.view(), gradients, scratch, activation_gradients, d, d_inner);
    const const_view middle = tape.middle.view();
    const const_view normalized = mlp_normalize(middle, scratch);
    backend_.linear_backward(d_inner, normalized, weights_.mlp_in.weight, d_channels,
                             gradients.mlp_in.weight.values, gradients.mlp_in.bias);
    normalize_backward<Backend>(backend_, shape_, d_channels, middle, weights_.mlp_norm,
                                scratch.norm, d, gradients.mlp_norm);
    backend_.linear_backward(d, tape.attended.view(), weights_.attention_out.weight,
                             activation_gradients.attended.view().rows(0, count),
                             gradients.attention_out.weight.values, gradients.attention_out.bias);
  }

  /// The norm of x [N, C] before attention. The scratch holds it and its statistics until the next
  /// norm.
  [[nodiscard]] const_view attention_normalize(const_view x,
                                               block_scratch<Backend>& scratch) const {
    return normalize<Backend>(backend_, shape_, x, weights_.attention_norm, scratch.norm);
  }
  /// Its backward pass, called right after it: adds to d_x and to the gradients.
  void attention_normalize_backward(const_view d_normalized, const_view x,
                                    const block_scratch<Backend>& scratch, view d_x,
                                    const block_weights<value_type>& gradients) const {
    normalize_backward<Backend>(backend_, shape_, d_normalized, x, weights_.attention_norm,
                                scratch.norm, d_x, gradients.attention_norm);
  }

  /// The rows as this layer sees them.
  [[nodiscard]] attention_rows rows_of_layer(attention_rows rows) const {
    rows.window = layer_.window;
    return rows;
  }
  /// The rotation table, without rows if this layer does not rotate.
  [[nodiscard]] rotation_view rotations_of_layer(rotation_view rotations) const {
    return layer_.rotary ? rotations : rotation_view{};
  }

  /// Attention's input or output [N, H D] as heads.
  template <class Value>
  [[nodiscard]] tensor_view<Value, 3> heads_of(matrix_view<Value> matrix) const {
    return split_columns(matrix, shape_.heads);
  }

  /// Factor of q kᵀ.
  [[nodiscard]] double scale() const {
    return 1 / std::sqrt(static_cast<double>(shape_.head_size));
  }

 private:
  [[nodiscard]] head_projection<Backend> projection() const {
    return {backend_, shape_, projection_weights<const value_type>::all(weights_)};
  }
  /// From x to the attention's output, in the tape.
  void attend(const attention_rows& rows, rotation_view rotations, const_view x,
              after_attention_tape<Backend>& tape, projected_heads<Backend>& heads,
              block_scratch<Backend>& scratch) const {
    const std::size_t count = x.extent(0), end = rows.first_row + count;
    const const_view normalized = attention_normalize(x, scratch);
    const auto fresh =
        projection().forward(normalized, rotations_of_layer(rotations), heads, rows.first_row);
    const head_views<const activation_type> all = std::as_const(heads).views().rows(0, end);
    backend_.tree_attention(rows_of_layer(rows), fresh.queries(), all.keys(), all.values(), scale(),
                            heads_of(tape.attended.view().rows(0, count)),
                            tape.log_sums.view().rows(0, count));
  }
  /// From the attention's output to the feed-forward layer's activated rows [N, I].
  const_view until_activation(const_view residual, after_attention_tape<Backend>& tape,
                              block_scratch<Backend>& scratch) const {
    const std::size_t count = residual.extent(0);
    const auto part = [count](backend_matrix<Backend>& matrix) {
      return matrix.view().rows(0, count);
    };
    const auto middle = part(tape.middle), inner = part(tape.inner),
               activated = part(scratch.activated);
    backend_.linear_residual(part(tape.attended), weights_.attention_out.weight,
                             weights_.attention_out.bias, residual, middle);
    const const_view normalized = mlp_normalize(middle, scratch);
    if (shape_.mlp == mlp_kind::gated) {
      backend_.linear(normalized, weights_.mlp_in.weight, weights_.mlp_in.bias, inner);
      backend_.gate(shape_.activation, inner, activated);
    } else {
      backend_.linear_activate(normalized, weights_.mlp_in.weight, weights_.mlp_in.bias,
                               shape_.activation, inner, activated);
    }
    return activated;
  }

  [[nodiscard]] const_view mlp_normalize(const_view x, block_scratch<Backend>& scratch) const {
    return normalize<Backend>(backend_, shape_, x, weights_.mlp_norm, scratch.norm);
  }

  /// The backward pass of the feed-forward layer's last product and its activation: assigns d_inner
  /// [N, F].
  void mlp_out_backward(const_view inner, const block_weights<value_type>& gradients,
                        block_scratch<Backend>& scratch,
                        after_attention_gradients<Backend>& activation_gradients, const_view d,
                        view d_inner) const {
    const std::size_t count = d.extent(0);
    const auto activated = scratch.activated.view().rows(0, count);
    const linear_weights<value_type>& d_weights = gradients.mlp_out;
    if (shape_.mlp == mlp_kind::gated) {
      const auto d_activated = activation_gradients.activated->view().rows(0, count);
      backend_.gate(shape_.activation, inner, activated);
      backend_.linear_backward(d, activated, weights_.mlp_out.weight, d_activated,
                               d_weights.weight.values, d_weights.bias);
      backend_.gate_backward(shape_.activation, d_activated, inner, d_inner);
    } else {
      backend_.activate(shape_.activation, inner, activated);
      backend_.activated_linear_backward(d, activated, weights_.mlp_out.weight, shape_.activation,
                                         inner, d_inner, d_weights.weight.values, d_weights.bias);
    }
  }

  const Backend& backend_;
  const decoder_shape& shape_;
  const layer_shape& layer_;
  block_weights<const value_type> weights_;
};

}  // namespace prefopt::inline v0_2
