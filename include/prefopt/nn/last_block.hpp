// SPDX-License-Identifier: MIT
#pragma once
// The last block of a decoder. Heads read only some of its rows: keys and values are computed for
// every row, the rest (queries, attention, projection, feed-forward) only for the rows that are
// read.
//
// Legend: N rows, R of them read, C channels, D channels a head.

#include <cstddef>

#include "prefopt/nn/block.hpp"

namespace prefopt::inline v0_2 {

template <transformer_backend Backend>
struct last_block_tape {
  last_block_tape(const Backend& backend, const decoder_shape& shape, std::size_t rows,
                  std::size_t read)
      : keys_values(backend, shape, head_counts::only_keys_values(shape), rows),
        read_stream(backend, read, shape.channels),
        read_normalized(backend, read, shape.channels),
        queries(backend, shape, head_counts::only_queries(shape), read),
        rest(backend, shape, read) {}

  projected_heads<Backend> keys_values;     // of N rows
  backend_matrix<Backend> read_stream;      // [R, C] rows of the residual stream
  backend_matrix<Backend> read_normalized;  // [R, C] their norms
  projected_heads<Backend> queries;         // of R rows
  after_attention_tape<Backend> rest;       // [R, ...]
};

/// The last block of one model on one backend. `rows.queries` lists the R rows; `rotations` [N, D]
/// and `read_rotations` [R, D] are the rotation tables of all rows and of those.
template <transformer_backend Backend>
class last_decoder_block {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;
  using view = matrix_view<activation_type>;
  using const_view = matrix_view<const activation_type>;
  using rotation_view = matrix_view<const value_type>;

  last_decoder_block(const Backend& backend, const decoder_shape& shape,
                     const block_weights<const value_type>& weights)
      : backend_(backend),
        shape_(shape),
        weights_(weights),
        block_(backend, shape, shape.layers.back(), weights) {}

  /// Maps the residual stream x [N, C] to y [R, C].
  void forward(const attention_rows& rows, rotation_view rotations, rotation_view read_rotations,
               const_view x, last_block_tape<Backend>& tape, block_scratch<Backend>& scratch,
               view y) const {
    const const_view normalized = block_.attention_normalize(x, scratch);
    const auto kv =
        keys_values().forward(normalized, block_.rotations_of_layer(rotations), tape.keys_values);
    backend_.gather_rows(normalized, rows.queries, tape.read_normalized.view());
    const auto q = queries().forward(tape.read_normalized.view(),
                                     block_.rotations_of_layer(read_rotations), tape.queries);
    backend_.tree_attention(block_.rows_of_layer(rows), q.queries(), kv.keys(), kv.values(),
                            block_.scale(), block_.heads_of(tape.rest.attended.view()),
                            tape.rest.log_sums.view());
    backend_.gather_rows(x, rows.queries, tape.read_stream.view());
    block_.after_attention(tape.read_stream.view(), tape.rest, scratch, y);
  }

  /// `d` [R, C] holds d loss / d y and is overwritten; assigns d_x [N, C]; adds to the gradients.
  /// Expects x and tape as forward left them.
  void backward(const attention_rows& rows, rotation_view rotations, rotation_view read_rotations,
                const_view x, const last_block_tape<Backend>& tape,
                const block_weights<value_type>& gradients, block_scratch<Backend>& scratch, view d,
                view d_x) const {
    const std::size_t count = x.extent(0), read = d.extent(0), channels = shape_.channels;
    after_attention_gradients<Backend> activation_gradients(backend_, shape_, read);
    block_.after_attention_backward(tape.rest, gradients, scratch, activation_gradients, d);

    projected_heads<Backend> d_queries(backend_, shape_, tape.queries.counts, read),
        d_keys_values(backend_, shape_, tape.keys_values.counts, count);
    const auto q = tape.queries.views(), kv = tape.keys_values.views();
    const auto d_q = d_queries.views(), d_kv = d_keys_values.views();
    const const_view d_attended = activation_gradients.attended.view();
    backend_.tree_attention_backward(
        block_.rows_of_layer(rows), q.queries(), kv.keys(), kv.values(), block_.scale(),
        block_.heads_of(tape.rest.attended.view()), tape.rest.log_sums.view(),
        block_.heads_of(d_attended), d_q.queries(), d_kv.keys(), d_kv.values());

    backend_matrix<Backend> d_normalized(backend_, count, channels),
        d_read(backend_, read, channels);
    const const_view normalized = block_.attention_normalize(x, scratch);
    using gradient_weights = projection_weights<value_type>;
    keys_values().backward(
        d_keys_values, tape.keys_values, normalized, block_.rotations_of_layer(rotations),
        gradient_weights::only_keys_values(gradients, shape_), d_normalized.view());
    queries().backward(d_queries, tape.queries, tape.read_normalized.view(),
                       block_.rotations_of_layer(read_rotations),
                       gradient_weights::only_queries(gradients, shape_), d_read.view());
    backend_.scatter_add_rows(d_read.view(), rows.queries, d_normalized.view());

    backend_.clear(d_x);
    backend_.scatter_add_rows(d, rows.queries, d_x);
    block_.attention_normalize_backward(d_normalized.view(), x, scratch, d_x, gradients);
  }

 private:
  using value_weights = projection_weights<const value_type>;

  [[nodiscard]] head_projection<Backend> queries() const {
    return {backend_, shape_, value_weights::only_queries(weights_, shape_)};
  }
  [[nodiscard]] head_projection<Backend> keys_values() const {
    return {backend_, shape_, value_weights::only_keys_values(weights_, shape_)};
  }

  const Backend& backend_;
  const decoder_shape& shape_;
  block_weights<const value_type> weights_;
  decoder_block<Backend> block_;
};

}  // namespace prefopt::inline v0_2
