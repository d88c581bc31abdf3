// SPDX-License-Identifier: MIT
#pragma once
// The trunk of a GPT-2: a batch to hidden rows [R, C] (after the last layer norm, at the rows that
// heads read), and its backward. Heads stand on it; it knows none of them.

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/gpt2/block.hpp"
#include "prefopt/gpt2/last_block.hpp"

namespace prefopt {

/// What a trunk's forward leaves behind. With `keep` it holds every layer for the backward;
/// without, the last one and one layer's room that the others share.
template <transformer_backend Backend>
struct trunk_tape {
  trunk_tape(const Backend& backend, const gpt2_config& config, std::size_t rows,
             std::size_t head_rows, bool keep)
      : last(backend, config, rows, head_rows),
        head(backend, head_rows, config.n_embd),
        ln_f(backend, head_rows, config.n_embd) {
    const std::size_t before_last = config.n_layer - 1,
                      held = keep ? before_last : std::min<std::size_t>(before_last, 1);
    for (std::size_t i = 0; i < held; ++i) blocks.emplace_back(backend, config, rows);
    for (std::size_t i = 0; i < held + 1; ++i) streams.emplace_back(backend, rows, config.n_embd);
  }

  [[nodiscard]] backend_matrix<Backend>& stream(std::size_t layer) {
    return streams[layer % streams.size()];
  }
  [[nodiscard]] block_tape<Backend>& block(std::size_t layer) {
    return blocks[layer % blocks.size()];
  }

  std::vector<backend_matrix<Backend>> streams;  // the residual stream before each block, [N, C]
  std::vector<block_tape<Backend>> blocks;       // all but the last
  last_block_tape<Backend> last;
  backend_matrix<Backend> head;   // [R, C] the residual stream behind the last block
  layer_norm_tape<Backend> ln_f;  // [R, C] hidden rows
};

template <transformer_backend Backend>
class gpt2_trunk {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;

  gpt2_trunk(const Backend& backend, const gpt2_config& config,
             const gpt2_weights<const value_type>& weights)
      : backend_(backend), config_(config), weights_(weights) {}

  /// Hidden rows [R, C], which live in the tape.
  [[nodiscard]] matrix_view<const activation_type> forward(const prefix_tree_batch& batch,
                                                           trunk_tape<Backend>& tape) const {
    backend_.embedding(batch.tokens, batch.positions, weights_.wte(), weights_.wpe(),
                       tape.stream(0).view());
    const std::size_t last = config_.n_layer - 1;
    block_scratch<Backend> scratch(backend_, config_, batch.tokens.size());
    for (std::size_t layer = 0; layer < last; ++layer)
      block(layer).forward({batch.nodes}, tape.stream(layer).view(), tape.block(layer).rest,
                           tape.block(layer).qkv, scratch, tape.stream(layer + 1).view());
    last_block().forward(read_rows(batch), tape.stream(last).view(), tape.last, scratch,
                         tape.head.view());
    const auto norm = weights_.ln_f();
    backend_.layer_norm(tape.head.view(), norm.scale, norm.shift, config_.layer_norm_epsilon,
                        tape.ln_f.normalized.view(), tape.ln_f.statistics());
    return tape.ln_f.normalized.view();
  }

  /// Adds to the gradients what d loss / d hidden rows [R, C] asks for. The tape was kept by
  /// forward.
  void backward(const prefix_tree_batch& batch, trunk_tape<Backend>& tape,
                matrix_view<const activation_type> d_hidden,
                const gpt2_weights<value_type>& gradients) const {
    const std::size_t rows = batch.tokens.size(), head_rows = batch.rows.size(),
                      last = config_.n_layer - 1;
    backend_matrix<Backend> d_stream(backend_, rows, config_.n_embd);
    block_scratch<Backend> scratch(backend_, config_, rows);
    {
      backend_matrix<Backend> d_head(backend_, head_rows, config_.n_embd);
      backend_.clear(d_head.view());  // the backward of a layer norm adds to it
      const auto norm = gradients.ln_f();
      const layer_norm_tape<Backend>& kept = tape.ln_f;
      backend_.layer_norm_backward(d_hidden, tape.head.view(), weights_.ln_f().scale,
                                   kept.statistics(), d_head.view(), norm.scale, norm.shift);
      last_block().backward(read_rows(batch), tape.stream(last).view(), tape.last,
                            gradients.block(last), scratch, d_head.view(), d_stream.view());
    }
    block_gradients<Backend> activation_gradients(backend_, config_, rows);
    for (std::size_t layer = last; layer-- > 0;)
      block(layer).backward({batch.nodes}, tape.stream(layer).view(), tape.block(layer),
                            gradients.block(layer), scratch, activation_gradients, d_stream.view());
    backend_.embedding_backward(batch.tokens, batch.positions, d_stream.view(), gradients.wte(),
                                gradients.wpe());
  }

  [[nodiscard]] gpt2_block<Backend> block(std::size_t layer) const {
    return {backend_, config_, weights_.block(layer)};
  }

 private:
  [[nodiscard]] static attention_rows read_rows(const prefix_tree_batch& batch) {
    return {.nodes = batch.nodes, .queries = batch.rows};
  }
  [[nodiscard]] gpt2_last_block<Backend> last_block() const {
    return {backend_, config_, weights_.block(config_.n_layer - 1)};
  }

  const Backend& backend_;
  const gpt2_config& config_;
  gpt2_weights<const value_type> weights_;
};

}  // namespace prefopt
