// SPDX-License-Identifier: MIT
#pragma once
// One transformer block, forward and hand-derived backward (pre-norm, as in GPT-2: Radford et al.
// 2019, section 2.3).
//
// Legend: N rows, C channels, I inner channels, H heads.

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/nn/shape.hpp"
#include "prefopt/nn/weights.hpp"

namespace prefopt::inline v0_2 {

/// A backend's matrix with its storage. Rows begin on cache lines, so that a row's bits do not
/// depend on its index even if a backend's order of summation follows alignment.
template <transformer_backend Backend, class Value = typename Backend::activation_type>
class backend_matrix {
 public:
  using value_type = Value;

  backend_matrix() = default;
  backend_matrix(const Backend& backend, std::size_t rows, std::size_t columns)
      : rows_(rows),
        columns_(columns),
        stride_((columns + line - 1) / line * line),
        storage_(backend.template scratch<value_type>(rows * stride_)) {}

  [[nodiscard]] matrix_view<value_type> view() {
    return {storage_.data(), {rows_, columns_}, {stride_, 1}};
  }
  [[nodiscard]] matrix_view<const value_type> view() const {
    return {storage_.data(), {rows_, columns_}, {stride_, 1}};
  }

  /// One row.
  [[nodiscard]] std::span<value_type> row(std::size_t index) {
    return {storage_.data() + index * stride_, columns_};
  }
  [[nodiscard]] std::span<const value_type> row(std::size_t index) const {
    return {storage_.data() + index * stride_, columns_};
  }

 private:
  static constexpr std::size_t line = 64 / sizeof(value_type);

  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t stride_ = 0;
  decltype(std::declval<const Backend&>().template scratch<value_type>(0)) storage_;
};

/// A layer norm's output and statistics over N rows.
template <transformer_backend Backend>
struct layer_norm_tape {
  using value_type = typename Backend::value_type;

  layer_norm_tape() = default;
  layer_norm_tape(const Backend& backend, std::size_t rows, std::size_t channels)
      : normalized(backend, rows, channels), numbers(backend, 2, rows) {}

  [[nodiscard]] layer_norm_statistics<value_type> statistics() {
    return {numbers.row(0), numbers.row(1)};
  }
  /// Those of the first `count` rows.
  [[nodiscard]] layer_norm_statistics<value_type> statistics(std::size_t count) {
    return {numbers.row(0).first(count), numbers.row(1).first(count)};
  }
  [[nodiscard]] layer_norm_statistics<const value_type> statistics() const {
    return {numbers.row(0), numbers.row(1)};
  }
  [[nodiscard]] layer_norm_statistics<const value_type> statistics(std::size_t count) const {
    return {numbers.row(0).first(count), numbers.row(1).first(count)};
  }

  backend_matrix<Backend> normalized;           // [N, C]
  backend_matrix<Backend, value_type> numbers;  // [2, N] mean, inverse deviation
};

/// What a block keeps from its attention on. Values that take no matrix product to recompute (layer
/// norms, the activation) are not kept, which saves two fifths of a pass's memory for half a
/// percent of its time.
template <transformer_backend Backend>
struct after_attention_tape {
  after_attention_tape(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : attended(backend, rows, shape.channels),
        log_sums(backend, rows, shape.heads),
        middle(backend, rows, shape.channels),
        inner(backend, rows, shape.inner) {}

  backend_matrix<Backend> attended;  // [N, C]
  // [N, H] log-sum-exp of each attention row
  backend_matrix<Backend, typename Backend::value_type> log_sums;
  backend_matrix<Backend> middle;  // [N, C] the residual stream between attention and feed-forward
  backend_matrix<Backend> inner;   // [N, I] before the activation
};

/// What a block's forward pass keeps for its backward pass. Has room for `rows` rows; there may be
/// fewer queries than keys (generation).
template <transformer_backend Backend>
struct block_tape {
  block_tape(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : qkv(backend, rows, 3 * shape.channels), rest(backend, shape, rows) {}

  backend_matrix<Backend> qkv;  // [N, 3C]
  after_attention_tape<Backend> rest;
};

/// Intermediate results that a block does not keep; forward and backward reuse them from block to
/// block.
template <transformer_backend Backend>
struct block_scratch {
  block_scratch(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : norm(backend, rows, shape.channels), activated(backend, rows, shape.inner) {}

  layer_norm_tape<Backend> norm;      // the attention's norm, then the feed-forward's
  backend_matrix<Backend> activated;  // [N, I]
};

/// Scratch for a block's backward pass, reused from block to block.
template <transformer_backend Backend>
struct block_gradients {
  block_gradients(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : channels(backend, rows, shape.channels),
        qkv(backend, rows, 3 * shape.channels),
        inner(backend, rows, shape.inner) {}

  backend_matrix<Backend> channels;  // [N, C]
  backend_matrix<Backend> qkv;       // [N, 3C]
  backend_matrix<Backend> inner;     // [N, I]
};

/// The thirds of a [N, 3C] matrix, each seen as [N, H, D] heads.
enum class qkv_part : std::size_t { query = 0, key = 1, value = 2 };

template <class Value>
[[nodiscard]] tensor_view<Value, 3> heads_of(matrix_view<Value> channels, std::size_t first_channel,
                                             const decoder_shape& shape) {
  return split_columns<Value>({channels.data() + first_channel,
                               {channels.extent(0), shape.heads * shape.head_size},
                               channels.strides()},
                              shape.heads);
}

template <class Value>
[[nodiscard]] tensor_view<Value, 3> heads_of(matrix_view<Value> qkv, qkv_part part,
                                             const decoder_shape& shape) {
  return heads_of(qkv, static_cast<std::size_t>(part) * shape.channels, shape);
}

/// A block of one model on one backend.
template <transformer_backend Backend>
class decoder_block {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;
  using view = matrix_view<activation_type>;
  using const_view = matrix_view<const activation_type>;

  decoder_block(const Backend& backend, const decoder_shape& shape,
                const block_weights<const value_type>& weights)
      : backend_(backend), shape_(shape), weights_(weights) {}

  /// Maps the residual stream x [N, C] to y [N, C] for the rows of `rows` from `rows.first_row` on;
  /// N counts from there. `qkv` has room for all rows and must hold the keys and values of the
  /// earlier rows. Writes tape and qkv.
  void forward(const attention_rows& rows, const_view x, after_attention_tape<Backend>& tape,
               backend_matrix<Backend>& qkv, block_scratch<Backend>& scratch, view y) const {
    const std::size_t first = rows.first_row, count = x.extent(0), end = first + count;
    const auto fresh = qkv.view().rows(first, end);  // [N, 3C]
    backend_.linear(normalize(x, weights_.attention_norm, scratch), weights_.qkv.weight,
                    weights_.qkv.bias, fresh);
    const const_view all = qkv.view().rows(0, end);
    const auto attended = tape.attended.view().rows(0, count);
    backend_.tree_attention(rows, heads_of<const activation_type>(fresh, qkv_part::query, shape_),
                            heads_of(all, qkv_part::key, shape_),
                            heads_of(all, qkv_part::value, shape_), scale(),
                            heads_of(attended, 0, shape_), tape.log_sums.view().rows(0, count));
    after_attention(x, tape, scratch, y);
  }

  /// Maps the attention's output, in the tape, and the residual stream before it [N, C] to y [N,
  /// C].
  void after_attention(const_view residual, after_attention_tape<Backend>& tape,
                       block_scratch<Backend>& scratch, view y) const {
    const std::size_t count = residual.extent(0);
    const auto part = [count](backend_matrix<Backend>& matrix) {
      return matrix.view().rows(0, count);
    };
    const auto middle = part(tape.middle), activated = part(scratch.activated);
    backend_.linear_residual(part(tape.attended), weights_.attention_out.weight,
                             weights_.attention_out.bias, residual, middle);
    backend_.linear_activate(normalize(middle, weights_.mlp_norm, scratch), weights_.mlp_in.weight,
                             weights_.mlp_in.bias, shape_.activation, part(tape.inner), activated);
    backend_.linear_residual(activated, weights_.mlp_out.weight, weights_.mlp_out.bias, middle, y);
  }

  /// Turns d loss / d y into d loss / d x in place (`d` [N, C]) and adds to the gradients. Expects
  /// x and tape as forward left them, with first_row 0.
  void backward(const attention_rows& rows, const_view x, const block_tape<Backend>& tape,
                const block_weights<value_type>& gradients, block_scratch<Backend>& scratch,
                block_gradients<Backend>& activation_gradients, view d) const {
    after_attention_backward(tape.rest, gradients, scratch, activation_gradients, d);
    const auto d_channels = activation_gradients.channels.view();
    const const_view qkv = tape.qkv.view();
    const auto d_qkv = activation_gradients.qkv.view();
    backend_.tree_attention_backward(
        rows, heads_of(qkv, qkv_part::query, shape_), heads_of(qkv, qkv_part::key, shape_),
        heads_of(qkv, qkv_part::value, shape_), scale(),
        heads_of(tape.rest.attended.view(), 0, shape_), tape.rest.log_sums.view(),
        heads_of<const activation_type>(d_channels, 0, shape_),
        heads_of(d_qkv, qkv_part::query, shape_), heads_of(d_qkv, qkv_part::key, shape_),
        heads_of(d_qkv, qkv_part::value, shape_));
    const const_view normalized = normalize(x, weights_.attention_norm, scratch);
    backend_.linear_backward(d_qkv, normalized, weights_.qkv.weight, d_channels,
                             gradients.qkv.weight, gradients.qkv.bias);
    normalize_backward(d_channels, x, weights_.attention_norm, scratch, d,
                       gradients.attention_norm);
  }

  /// The backward pass of after_attention: turns d loss / d y into d loss / d residual in place
  /// (`d` [N, C]) and assigns d loss / d attended to `activation_gradients.channels`.
  void after_attention_backward(const after_attention_tape<Backend>& tape,
                                const block_weights<value_type>& gradients,
                                block_scratch<Backend>& scratch,
                                block_gradients<Backend>& activation_gradients, view d) const {
    const auto d_inner = activation_gradients.inner.view().rows(0, d.extent(0));
    const auto d_channels = activation_gradients.channels.view().rows(0, d.extent(0));
    const auto activated = scratch.activated.view().rows(0, d.extent(0));
    backend_.activate(shape_.activation, tape.inner.view(), activated);
    backend_.activated_linear_backward(d, activated, weights_.mlp_out.weight, shape_.activation,
                                       tape.inner.view(), d_inner, gradients.mlp_out.weight,
                                       gradients.mlp_out.bias);
    const const_view normalized = normalize(tape.middle.view(), weights_.mlp_norm, scratch);
    backend_.linear_backward(d_inner, normalized, weights_.mlp_in.weight, d_channels,
                             gradients.mlp_in.weight, gradients.mlp_in.bias);
    normalize_backward(d_channels, tape.middle.view(), weights_.mlp_norm, scratch, d,
                       gradients.mlp_norm);
    backend_.linear_backward(d, tape.attended.view(), weights_.attention_out.weight, d_channels,
                             gradients.attention_out.weight, gradients.attention_out.bias);
  }

  /// The layer norm of x [N, C]. The scratch holds it and its statistics until the next call.
  [[nodiscard]] const_view normalize(const_view x, const layer_norm_weights<const value_type>& norm,
                                     block_scratch<Backend>& scratch) const {
    const std::size_t count = x.extent(0);
    const auto normalized = scratch.norm.normalized.view().rows(0, count);
    backend_.layer_norm(x, norm.scale, norm.shift, shape_.epsilon, normalized,
                        scratch.norm.statistics(count));
    return normalized;
  }

  /// Its backward pass, called right after it: adds to d_x and to the gradients.
  void normalize_backward(const_view d_normalized, const_view x,
                          const layer_norm_weights<const value_type>& norm,
                          const block_scratch<Backend>& scratch, view d_x,
                          const layer_norm_weights<value_type>& gradients) const {
    backend_.layer_norm_backward(d_normalized, x, norm.scale, scratch.norm.statistics(x.extent(0)),
                                 d_x, gradients.scale, gradients.shift);
  }

  /// Factor of q kᵀ.
  [[nodiscard]] double scale() const {
    return 1 / std::sqrt(static_cast<double>(shape_.head_size));
  }

 private:
  const Backend& backend_;
  const decoder_shape& shape_;
  block_weights<const value_type> weights_;
};

}  // namespace prefopt::inline v0_2
