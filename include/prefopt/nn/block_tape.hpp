// SPDX-License-Identifier: MIT
#pragma once
// What a block keeps for its backward pass, and the room that blocks share.
//
// Legend: N rows, C channels, H heads of D channels, I inner channels; F = 2 I with a gate, else I.

#include <cstddef>
#include <optional>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/nn/backend_matrix.hpp"
#include "prefopt/nn/norm.hpp"
#include "prefopt/nn/projection.hpp"
#include "prefopt/nn/shape.hpp"

namespace prefopt::inline v0_2 {

/// What a block keeps from its attention on. Values that take no matrix product to recompute
/// (norms, the activation) are not kept, which saves two fifths of a pass's memory for half a
/// percent of its time.
template <transformer_backend Backend>
struct after_attention_tape {
  after_attention_tape(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : attended(backend, rows, shape.query_columns()),
        log_sums(backend, rows, shape.heads),
        middle(backend, rows, shape.channels),
        inner(backend, rows, shape.mlp_columns()) {}

  backend_matrix<Backend> attended;  // [N, H D]
  // [N, H] log-sum-exp of each attention row
  backend_matrix<Backend, typename Backend::value_type> log_sums;
  backend_matrix<Backend> middle;  // [N, C] the residual stream between attention and feed-forward
  backend_matrix<Backend> inner;   // [N, F] before the activation
};

/// What a block's forward pass keeps for its backward pass. Has room for `rows` rows; there may be
/// fewer queries than keys (generation).
template <transformer_backend Backend>
struct block_tape {
  block_tape(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : heads(backend, shape, head_counts::all(shape), rows), rest(backend, shape, rows) {}

  projected_heads<Backend> heads;
  after_attention_tape<Backend> rest;
};

/// Intermediate results that a block does not keep; forward and backward reuse them from block to
/// block.
template <transformer_backend Backend>
struct block_scratch {
  block_scratch(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : norm(backend, rows, shape.channels), activated(backend, rows, shape.inner) {}

  norm_tape<Backend> norm;            // the attention's norm, then the feed-forward's
  backend_matrix<Backend> activated;  // [N, I]
};

/// Scratch for the backward pass of what follows attention, reused from block to block.
template <transformer_backend Backend>
struct after_attention_gradients {
  after_attention_gradients(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : channels(backend, rows, shape.channels),
        attended(backend, rows, shape.query_columns()),
        inner(backend, rows, shape.mlp_columns()) {
    if (shape.mlp == mlp_kind::gated) activated.emplace(backend, rows, shape.inner);
  }

  backend_matrix<Backend> channels;                  // [N, C]
  backend_matrix<Backend> attended;                  // [N, H D]
  backend_matrix<Backend> inner;                     // [N, F]
  std::optional<backend_matrix<Backend>> activated;  // [N, I] of a gated layer
};

/// Scratch for a block's backward pass.
template <transformer_backend Backend>
struct block_gradients {
  block_gradients(const Backend& backend, const decoder_shape& shape, std::size_t rows)
      : heads(backend, shape, head_counts::all(shape), rows), rest(backend, shape, rows) {}

  projected_heads<Backend> heads;
  after_attention_gradients<Backend> rest;
};

}  // namespace prefopt::inline v0_2
