// SPDX-License-Identifier: MIT
#pragma once
// The last block of a decoder. Heads read only some of its rows: keys and values are computed for
// every row, the rest (queries, attention, projection, feed-forward) only for the rows that are
// read.
//
// Legend: N rows, R of them read, C channels.

#include <cstddef>

#include "prefopt/nn/block.hpp"

namespace prefopt::inline v0_2 {

template <transformer_backend Backend>
struct last_block_tape {
  last_block_tape(const Backend& backend, const decoder_shape& shape, std::size_t rows,
                  std::size_t read)
      : keys_values(backend, rows, 2 * shape.channels),
        read_stream(backend, read, shape.channels),
        read_normalized(backend, read, shape.channels),
        queries(backend, read, shape.channels),
        rest(backend, shape, read) {}

  backend_matrix<Backend> keys_values;      // [N, 2C]
  backend_matrix<Backend> read_stream;      // [R, C] rows of the residual stream
  backend_matrix<Backend> read_normalized;  // [R, C] their layer norms
  backend_matrix<Backend> queries;          // [R, C]
  after_attention_tape<Backend> rest;       // [R, ...]
};

/// The last block of one model on one backend. `rows.queries` lists the R rows.
template <transformer_backend Backend>
class last_decoder_block {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;
  using view = matrix_view<activation_type>;
  using const_view = matrix_view<const activation_type>;

  last_decoder_block(const Backend& backend, const decoder_shape& shape,
                     const block_weights<const value_type>& weights)
      : backend_(backend), shape_(shape), weights_(weights), block_(backend, shape, weights) {}

  /// Maps the residual stream x [N, C] to y [R, C].
  void forward(const attention_rows& rows, const_view x, last_block_tape<Backend>& tape,
               block_scratch<Backend>& scratch, view y) const {
    const const_view normalized = block_.normalize(x, weights_.attention_norm, scratch);
    const auto keys_values = for_keys_values(weights_.qkv), queries = for_queries(weights_.qkv);
    backend_.linear(normalized, keys_values.weight, keys_values.bias, tape.keys_values.view());
    backend_.gather_rows(normalized, rows.queries, tape.read_normalized.view());
    backend_.linear(tape.read_normalized.view(), queries.weight, queries.bias, tape.queries.view());
    const const_view q = tape.queries.view(), kv = tape.keys_values.view();
    backend_.tree_attention(rows, heads_of(q, 0, shape_), heads_of(kv, 0, shape_),
                            heads_of(kv, shape_.channels, shape_), block_.scale(),
                            heads_of(tape.rest.attended.view(), 0, shape_),
                            tape.rest.log_sums.view());
    backend_.gather_rows(x, rows.queries, tape.read_stream.view());
    block_.after_attention(tape.read_stream.view(), tape.rest, scratch, y);
  }

  /// `d` [R, C] holds d loss / d y and is overwritten; assigns d_x [N, C]; adds to the gradients.
  /// Expects x and tape as forward left them.
  void backward(const attention_rows& rows, const_view x, const last_block_tape<Backend>& tape,
                const block_weights<value_type>& gradients, block_scratch<Backend>& scratch, view d,
                view d_x) const {
    const std::size_t count = x.extent(0), read = d.extent(0), channels = shape_.channels;
    block_gradients<Backend> activation_gradients(backend_, shape_, read);
    block_.after_attention_backward(tape.rest, gradients, scratch, activation_gradients, d);

    backend_matrix<Backend> d_queries(backend_, read, channels),
        d_keys_values(backend_, count, 2 * channels);
    const const_view q = tape.queries.view(), kv = tape.keys_values.view();
    const auto d_kv = d_keys_values.view();
    backend_.tree_attention_backward(
        rows, heads_of(q, 0, shape_), heads_of(kv, 0, shape_), heads_of(kv, channels, shape_),
        block_.scale(), heads_of(tape.rest.attended.view(), 0, shape_), tape.rest.log_sums.view(),
        heads_of<const activation_type>(activation_gradients.channels.view(), 0, shape_),
        heads_of(d_queries.view(), 0, shape_), heads_of(d_kv, 0, shape_),
        heads_of(d_kv, channels, shape_));

    backend_matrix<Backend> d_normalized(backend_, count, channels),
        d_read(backend_, read, channels);
    const auto keys_values = for_keys_values(weights_.qkv), queries = for_queries(weights_.qkv);
    const auto d_keys_values_weights = for_keys_values(gradients.qkv),
               d_query_weights = for_queries(gradients.qkv);
    const const_view normalized = block_.normalize(x, weights_.attention_norm, scratch);
    backend_.linear_backward(d_kv, normalized, keys_values.weight, d_normalized.view(),
                             d_keys_values_weights.weight, d_keys_values_weights.bias);
    backend_.linear_backward(d_queries.view(), tape.read_normalized.view(), queries.weight,
                             d_read.view(), d_query_weights.weight, d_query_weights.bias);
    backend_.scatter_add_rows(d_read.view(), rows.queries, d_normalized.view());

    backend_.clear(d_x);
    backend_.scatter_add_rows(d, rows.queries, d_x);
    block_.normalize_backward(d_normalized.view(), x, weights_.attention_norm, scratch, d_x,
                              gradients.attention_norm);
  }

 private:
  template <class Linear>
  [[nodiscard]] Linear columns(const Linear& linear, std::size_t begin, std::size_t count) const {
    return {
        {linear.weight.data() + begin, {linear.weight.extent(0), count}, linear.weight.strides()},
        linear.bias.subspan(begin, count)};
  }
  /// qkv [C, 3C] produces queries, keys and values, in this order.
  template <class Linear>
  [[nodiscard]] Linear for_queries(const Linear& qkv) const {
    return columns(qkv, 0, shape_.channels);
  }
  template <class Linear>
  [[nodiscard]] Linear for_keys_values(const Linear& qkv) const {
    return columns(qkv, shape_.channels, 2 * shape_.channels);
  }

  const Backend& backend_;
  const decoder_shape& shape_;
  block_weights<const value_type> weights_;
  decoder_block<Backend> block_;
};

}  // namespace prefopt::inline v0_2
