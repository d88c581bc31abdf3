// SPDX-License-Identifier: MIT
#pragma once
// The trunk of a decoder: maps a batch to hidden rows [R, C] (after the last norm, at the rows that
// heads read), and its backward pass. Heads are built on top of it; it does not depend on them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/nn/block.hpp"
#include "prefopt/nn/last_block.hpp"

namespace prefopt::inline v0_2 {

/// What a forward pass keeps for the backward pass: nothing; every layer; or the residual stream
/// before every layer, from which the backward pass makes the layer again (gradient checkpointing:
/// Chen et al. 2016, arXiv:1604.06174).
enum class kept_layers { none, all, streams };

/// What a trunk's forward pass keeps. Layers that are not kept share the room of one.
template <transformer_backend Backend>
struct trunk_tape {
  trunk_tape(const Backend& backend, const decoder_shape& shape, std::size_t rows,
             std::size_t head_rows, kept_layers keep)
      : kept(keep),
        last(backend, shape, rows, head_rows),
        head(backend, head_rows, shape.channels),
        final_norm(backend, head_rows, shape.channels) {
    if (!shape.has_position_table()) {
      rotations.emplace(backend, rows, shape.head_size);
      read_rotations.emplace(backend, head_rows, shape.head_size);
    }
    const std::size_t before_last = shape.layers.size() - 1,
                      one = std::min<std::size_t>(before_last, 1);
    const std::size_t held_blocks = keep == kept_layers::all ? before_last : one,
                      held_streams = keep == kept_layers::none ? one : before_last;
    for (std::size_t i = 0; i < held_blocks; ++i) blocks.emplace_back(backend, shape, rows);
    for (std::size_t i = 0; i < held_streams + 1; ++i)
      streams.emplace_back(backend, rows, shape.channels);
  }

  [[nodiscard]] backend_matrix<Backend>& stream(std::size_t layer) {
    return streams[layer % streams.size()];
  }
  [[nodiscard]] block_tape<Backend>& block(std::size_t layer) {
    return blocks[layer % blocks.size()];
  }

  kept_layers kept;
  std::vector<backend_matrix<Backend>> streams;  // the residual stream before each block, [N, C]
  std::vector<block_tape<Backend>> blocks;       // all but the last
  last_block_tape<Backend> last;
  backend_matrix<Backend> head;   // [R, C] the residual stream after the last block
  norm_tape<Backend> final_norm;  // [R, C] hidden rows
  // rotation tables of the rows [N, D] and of those that heads read [R, D]
  std::optional<backend_matrix<Backend, typename Backend::value_type>> rotations, read_rotations;
};

template <transformer_backend Backend>
class decoder_trunk {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;

  decoder_trunk(const Backend& backend, const decoder_shape& shape,
                const decoder_weights<const value_type>& weights)
      : backend_(backend), shape_(shape), weights_(weights) {}

  /// Hidden rows [R, C], which live in the tape.
  [[nodiscard]] matrix_view<const activation_type> forward(const prefix_tree_batch& batch,
                                                           trunk_tape<Backend>& tape) const {
    backend_.embedding(batch.tokens, batch.positions, weights_.token_embedding(),
                       weights_.position_embedding(), tape.stream(0).view());
    const std::size_t last = shape_.layers.size() - 1;
    if (tape.rotations) fill_rotations(batch, tape);
    block_scratch<Backend> scratch(backend_, shape_, batch.tokens.size());
    for (std::size_t layer = 0; layer < last; ++layer)
      block(layer).forward({batch.nodes}, table(tape.rotations), tape.stream(layer).view(),
                           tape.block(layer).rest, tape.block(layer).heads, scratch,
                           tape.stream(layer + 1).view());
    last_block().forward(read_rows(batch), table(tape.rotations), table(tape.read_rotations),
                         tape.stream(last).view(), tape.last, scratch, tape.head.view());
    return normalize<Backend>(backend_, shape_, tape.head.view(), weights_.final_norm(),
                              tape.final_norm);
  }

  /// Adds the gradient for d loss / d hidden rows [R, C] to the gradients, and stops at the first
  /// layer that trains. Expects the tape as forward left it, made to keep all layers or streams.
  void backward(const prefix_tree_batch& batch, trunk_tape<Backend>& tape,
                matrix_view<const activation_type> d_hidden,
                const decoder_weights<value_type>& gradients) const {
    const std::size_t rows = batch.tokens.size(), head_rows = batch.rows.size(),
                      last = shape_.layers.size() - 1, first = first_trained(gradients);
    backend_matrix<Backend> d_stream(backend_, rows, shape_.channels);
    block_scratch<Backend> scratch(backend_, shape_, rows);
    {
      backend_matrix<Backend> d_head(backend_, head_rows, shape_.channels);
      backend_.clear(d_head.view());  // the norm's backward pass adds to it
      normalize_backward<Backend>(backend_, shape_, d_hidden, tape.head.view(),
                                  weights_.final_norm(), tape.final_norm, d_head.view(),
                                  gradients.final_norm());
      if (first > last) return;
      last_block().backward(read_rows(batch), table(tape.rotations), table(tape.read_rotations),
                            tape.stream(last).view(), tape.last, gradients.block(last), scratch,
                            d_head.view(), d_stream.view());
    }
    block_gradients<Backend> activation_gradients(backend_, shape_, rows);
    for (std::size_t layer = last; layer-- > first;) {
      if (tape.kept == kept_layers::streams)
        block(layer).remake({batch.nodes}, table(tape.rotations), tape.stream(layer).view(),
                            tape.block(layer), scratch);
      block(layer).backward({batch.nodes}, table(tape.rotations), tape.stream(layer).view(),
                            tape.block(layer), gradients.block(layer), scratch,
                            activation_gradients, d_stream.view());
    }
    if (embeddings_train(gradients))
      backend_.embedding_backward(batch.tokens, batch.positions, d_stream.view(),
                                  gradients.token_embedding(), gradients.position_embedding());
  }

  [[nodiscard]] decoder_block<Backend> block(std::size_t layer) const {
    return {backend_, shape_, shape_.layers[layer], weights_.block(layer)};
  }

 private:
  [[nodiscard]] static bool embeddings_train(const decoder_weights<value_type>& gradients) {
    return gradients.token_embedding().size() != 0 || gradients.position_embedding().size() != 0;
  }
  /// The number of layers if none trains.
  [[nodiscard]] std::size_t first_trained(const decoder_weights<value_type>& gradients) const {
    if (embeddings_train(gradients)) return 0;
    std::size_t layer = 0;
    while (layer < shape_.layers.size() && gradients.block(layer).empty()) ++layer;
    return layer;
  }
  [[nodiscard]] static attention_rows read_rows(const prefix_tree_batch& batch) {
    return {.nodes = batch.nodes, .queries = batch.rows};
  }
  [[nodiscard]] last_decoder_block<Backend> last_block() const {
    return {backend_, shape_, weights_.block(shape_.layers.size() - 1)};
  }

  using rotation_matrix = std::optional<backend_matrix<Backend, value_type>>;

  /// Without rows if nothing rotates.
  [[nodiscard]] static matrix_view<const value_type> table(const rotation_matrix& rotations) {
    return rotations ? rotations->view() : matrix_view<const value_type>{};
  }
  void fill_rotations(const prefix_tree_batch& batch, trunk_tape<Backend>& tape) const {
    backend_.rotation_table(batch.positions, shape_.inverse_frequencies, tape.rotations->view());
    std::vector<std::int32_t> read;  // [R]
    for (const std::int32_t row : batch.rows)
      read.push_back(batch.positions[static_cast<std::size_t>(row)]);
    backend_.rotation_table(read, shape_.inverse_frequencies, tape.read_rotations->view());
  }

  const Backend& backend_;
  const decoder_shape& shape_;
  decoder_weights<const value_type> weights_;
};

}  // namespace prefopt::inline v0_2
