// SPDX-License-Identifier: MIT
#pragma once
// The operations that a transformer needs of a machine, each with its backward.
// Legend: N rows of the packed batch, R head rows, M targets, C channels, I inner channels, V vocabulary, H heads,
// D = C / H channels a head. Matrices are row-major; a linear's weight is [in, out].
// An operation assigns its outputs unless its comment says that it adds to them.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt {

/// Activation of the feed-forward layer. `gelu_new` is the tanh form of Hendrycks & Gimpel 2016, arXiv:1606.08415,
/// section 2; `gelu` is the exact x * Phi(x).
enum class activation_function { gelu_new, gelu };

/// A scaling, a shift and what normalization leaves behind for its backward.
template <class Value>
struct layer_norm_statistics {
  std::span<Value> mean;               ///< [N]
  std::span<Value> inverse_deviation;  ///< [N] 1 / sqrt(variance + epsilon)
};

/// Rows of a forest that look at their ancestors' rows and, causally, at their own node's.
struct attention_rows {
  std::span<const tree_node> nodes;
  std::size_t first_row = 0;                   ///< > 0 continues from rows whose keys and values are already there
  std::span<const std::int32_t> queries = {};  ///< the rows that look, ascending; empty: all from first_row on
};

/// A target of the head: `slot` counts head rows, 0 .. R-1.
struct head_target {
  std::int32_t slot;
  token_id token;
};

/// Can run a transformer's forward pass and its backward.
/// Needs: optimizer_machine; `scratch<T>(n)`, as allocate but with any content, for what comes and goes with every
/// step; the operations below, which `eigen_backend` documents one by one. Promises: the same call gives the same bits;
/// every backward is the adjoint of its forward, to rounding.
template <class M>
concept transformer_machine = optimizer_machine<M> &&
    requires(const M& machine, std::span<const std::int32_t> indices, matrix_view<typename M::value_type> out,
             matrix_view<const typename M::value_type> in, std::span<typename M::value_type> vector,
             std::span<const typename M::value_type> read_only, tensor_view<typename M::value_type, 3> heads,
             tensor_view<const typename M::value_type, 3> read_heads, attention_rows rows,
             layer_norm_statistics<typename M::value_type> statistics,
             layer_norm_statistics<const typename M::value_type> read_statistics, double number,
             activation_function activation, std::span<const head_target> targets, std::span<double> log_probs,
             std::span<const double> slopes) {
  { machine.template scratch<typename M::value_type>(std::size_t{}).data() } -> std::same_as<typename M::value_type*>;
  machine.embedding(indices, indices, in, in, out);
  machine.embedding_backward(indices, indices, in, out, out);
  machine.layer_norm(in, read_only, read_only, number, out, statistics);
  machine.layer_norm_backward(in, in, read_only, read_statistics, out, vector, vector);
  machine.linear(in, in, read_only, out);
  machine.linear_residual(in, in, read_only, in, out);
  machine.linear_backward(in, in, in, out, out, vector);
  machine.activate(activation, in, out);
  machine.linear_activate(in, in, read_only, activation, out, out);
  machine.activated_linear_backward(in, in, in, activation, in, out, out, vector);
  machine.tree_attention(rows, read_heads, read_heads, read_heads, number, heads, out);
  machine.tree_attention_backward(rows, read_heads, read_heads, read_heads, number, read_heads, in, read_heads, heads,
                                  heads, heads);
  machine.gather_rows(in, indices, out);
  machine.scatter_add_rows(in, indices, out);
  machine.head_logits(in, in, out);
  machine.head_log_probs(in, targets, vector, log_probs);
  machine.head_backward(out, read_only, targets, slopes, in, in, out, out);
};

}  // namespace prefopt
