// SPDX-License-Identifier: MIT
#pragma once
// pass_bytes: the memory that a forward and backward pass of a decoder takes, from its shape, so
// that a run can be planned before it begins. It follows the tapes of block_tape.hpp,
// last_block.hpp and trunk.hpp matrix by matrix.

#include <algorithm>
#include <cstddef>

#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/shape.hpp"

namespace prefopt::inline v0_2 {

/// Sizes of a pass.
struct pass_sizes {
  std::size_t rows = 0;       ///< N, packed tokens
  std::size_t head_rows = 0;  ///< R, rows that the head reads
  std::size_t activation_bytes = sizeof(float);
  std::size_t value_bytes = sizeof(float);
};

/// Bytes of a pass at its peak, in the backward.
struct pass_bytes {
  std::size_t activations = 0;  ///< what the forward pass keeps, and the backward's scratch
  std::size_t logits = 0;

  [[nodiscard]] std::size_t all() const { return activations + logits; }
};

namespace detail {

/// Adds up matrices whose rows begin on cache lines.
class matrix_bytes {
 public:
  matrix_bytes(std::size_t rows, std::size_t element) : rows_(rows), line_(64 / element) {}

  /// A matrix [rows, columns].
  matrix_bytes& add(std::size_t columns) {
    lines_ += rows_ * ((columns + line_ - 1) / line_);
    return *this;
  }
  [[nodiscard]] std::size_t bytes() const { return lines_ * 64; }

 private:
  std::size_t rows_, line_, lines_ = 0;
};

/// Those of projected_heads.
[[nodiscard]] inline std::size_t heads_bytes(const decoder_shape& shape, std::size_t queries,
                                             std::size_t keys, std::size_t rows,
                                             const pass_sizes& sizes) {
  matrix_bytes activations(rows, sizes.activation_bytes);
  activations.add((queries + 2 * keys) * shape.head_size);
  if (!shape.qk_norm) return activations.bytes();
  activations.add((queries + keys) * shape.head_size);
  return activations.bytes() + matrix_bytes(rows, sizes.value_bytes).add(queries + keys).bytes();
}

/// Those of after_attention_tape.
[[nodiscard]] inline std::size_t after_attention_bytes(const decoder_shape& shape, std::size_t rows,
                                                       const pass_sizes& sizes) {
  return matrix_bytes(rows, sizes.activation_bytes)
             .add(shape.query_columns())
             .add(shape.channels)
             .add(shape.mlp_columns())
             .bytes() +
         matrix_bytes(rows, sizes.value_bytes).add(shape.heads).bytes();
}

/// Those of after_attention_gradients.
[[nodiscard]] inline std::size_t after_attention_gradient_bytes(const decoder_shape& shape,
                                                                std::size_t rows,
                                                                const pass_sizes& sizes) {
  matrix_bytes all(rows, sizes.activation_bytes);
  all.add(shape.channels).add(shape.query_columns()).add(shape.mlp_columns());
  if (shape.mlp == mlp_kind::gated) all.add(shape.inner);
  return all.bytes();
}

}  // namespace detail

/// The memory of a causal_lm's pass.
[[nodiscard]] inline pass_bytes bytes_of_pass(const decoder_shape& shape, const pass_memory& memory,
                                              const pass_sizes& sizes) {
  const std::size_t n = sizes.rows, r = sizes.head_rows, layers = shape.layers.size();
  const std::size_t activation = sizes.activation_bytes, value = sizes.value_bytes;
  const auto matrix = [](std::size_t rows, std::size_t columns, std::size_t element) {
    return detail::matrix_bytes(rows, element).add(columns).bytes();
  };
  const auto heads = [&](std::size_t queries, std::size_t keys, std::size_t rows) {
    return detail::heads_bytes(shape, queries, keys, rows, sizes);
  };
  const std::size_t block = heads(shape.heads, shape.kv_heads, n) +
                            detail::after_attention_bytes(shape, n, sizes),
                    stream = matrix(n, shape.channels, activation),
                    read = matrix(r, shape.channels, activation), before_last = layers - 1,
                    blocks = memory.gradient_checkpointing ? std::min<std::size_t>(before_last, 1)
                                                           : before_last;
  const std::size_t last = heads(0, shape.kv_heads, n) + heads(shape.heads, 0, r) + 2 * read +
                           detail::after_attention_bytes(shape, r, sizes);
  std::size_t tape = blocks * block + layers * stream + last + 2 * read + matrix(2, r, value);
  if (!shape.has_position_table())
    tape += matrix(n, shape.head_size, value) + matrix(r, shape.head_size, value);

  const std::size_t scratch = stream + matrix(2, n, value) + matrix(n, shape.inner, activation);
  // of the last block, then of the others; each is given back before the next
  const std::size_t last_backward = read + detail::after_attention_gradient_bytes(shape, r, sizes) +
                                    heads(shape.heads, 0, r) + heads(0, shape.kv_heads, n) +
                                    stream + read;
  const std::size_t block_backward =
      before_last == 0 ? 0
                       : heads(shape.heads, shape.kv_heads, n) +
                             detail::after_attention_gradient_bytes(shape, n, sizes);
  const std::size_t backward =
      read + stream + scratch + std::max(last_backward, block_backward);  // d_hidden, d_stream

  const std::size_t row = shape.vocabulary * activation;
  const std::size_t at_once = std::max<std::size_t>(1, memory.logits_bytes / row);
  const std::size_t logits = matrix(std::min(r, at_once), shape.vocabulary, activation);
  // the logits are given back before the blocks' backward
  const std::size_t head = logits + read;
  return {.activations = tape + backward, .logits = head > backward ? head - backward : 0};
}

}  // namespace prefopt::inline v0_2
