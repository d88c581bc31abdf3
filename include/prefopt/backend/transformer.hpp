// SPDX-License-Identifier: MIT
#pragma once
// The operations that a transformer needs from a backend, each with its backward.
//
// Legend: N rows of the packed batch, R head rows, M targets, C channels, I inner channels, V
// vocabulary, H heads, D = C / H channels a head. Matrices are row-major; a linear's weight is [in,
// out]. An operation assigns its outputs unless its comment says that it adds to them.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt {

/// Activation of the feed-forward layer. `gelu_new` is the tanh form of Hendrycks & Gimpel 2016,
/// arXiv:1606.08415, section 2; `gelu` is the exact x * Phi(x).
enum class activation_function { gelu_new, gelu };

/// The shift and scale of each row, which normalization keeps for its backward.
template <class Value>
struct layer_norm_statistics {
  std::span<Value> mean;               ///< [N]
  std::span<Value> inverse_deviation;  ///< [N] 1 / sqrt(variance + epsilon)
};

/// Rows of a forest that attend to their ancestors' rows and, causally, to their own node's.
struct attention_rows {
  std::span<const tree_node> nodes;
  /// > 0: continues from rows whose keys and values already exist
  std::size_t first_row = 0;
  /// the rows that attend, ascending; empty: all from first_row on
  std::span<const std::int32_t> queries = {};
};

/// A target of the head: `slot` is its head row, 0 .. R-1.
struct head_target {
  std::int32_t slot;
  token_id token;
};

/// The targets of R head rows, and which of them each row has.
class head_targets {
 public:
  head_targets(std::vector<head_target> targets, std::size_t rows)
      : targets_(std::move(targets)), by_slot_(targets_.size()), begins_(rows + 1) {
    std::iota(by_slot_.begin(), by_slot_.end(), 0);
    std::ranges::stable_sort(
        by_slot_, {}, [&](std::int32_t i) { return (*this)[static_cast<std::size_t>(i)].slot; });
    for (const head_target& target : targets_) ++begins_[static_cast<std::size_t>(target.slot) + 1];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  }

  [[nodiscard]] std::size_t size() const { return targets_.size(); }
  [[nodiscard]] const head_target& operator[](std::size_t i) const { return targets_[i]; }

  /// Indices of a row's targets, ascending.
  [[nodiscard]] std::span<const std::int32_t> of(std::size_t slot) const {
    return of(slot, slot + 1);
  }
  /// The same for the rows [begin, end), row by row.
  [[nodiscard]] std::span<const std::int32_t> of(std::size_t begin, std::size_t end) const {
    const auto first = static_cast<std::size_t>(begins_[begin]),
               last = static_cast<std::size_t>(begins_[end]);
    return std::span(by_slot_).subspan(first, last - first);
  }

 private:
  std::vector<head_target> targets_;   // [M]
  std::vector<std::int32_t> by_slot_;  // [M]
  std::vector<std::int32_t> begins_;   // [R + 1] where a row's targets begin in by_slot_
};

/// Can run a transformer's forward and backward passes.
/// Needs: optimizer_backend, whose value_type is that of parameters, gradients and statistics;
/// `activation_type`, for the tensors between layers; `scratch<T>(n)`, like allocate but with any
/// content, for temporaries of a step; the operations below, which `eigen_backend` documents one by
/// one. Promises: the same call gives the same bits; every backward is the adjoint of its forward,
/// up to rounding.
template <class M>
concept transformer_backend =
    optimizer_backend<M> &&
    requires(const M& backend, std::span<const std::int32_t> indices,
             matrix_view<typename M::activation_type> out,
             matrix_view<const typename M::activation_type> in,
             std::span<typename M::activation_type> activations,
             std::span<const typename M::activation_type> read_activations,
             tensor_view<typename M::activation_type, 3> heads,
             tensor_view<const typename M::activation_type, 3> read_heads,
             matrix_view<const typename M::value_type> weight,
             matrix_view<typename M::value_type> numbers, std::span<typename M::value_type> vector,
             std::span<const typename M::value_type> bias, attention_rows rows,
             layer_norm_statistics<typename M::value_type> statistics,
             layer_norm_statistics<const typename M::value_type> read_statistics, double number,
             activation_function activation, const head_targets& targets,
             std::span<double> log_probs, std::span<const double> slopes) {
      {
        backend.template scratch<typename M::value_type>(std::size_t{}).data()
      } -> std::same_as<typename M::value_type*>;
      backend.template scratch<typename M::activation_type>(std::size_t{});
      backend.clear(out);
      backend.copy_from_host(read_activations, activations);
      backend.copy_to_host(read_activations, activations);
      backend.embedding(indices, indices, weight, weight, out);
      backend.embedding_backward(indices, indices, in, numbers, numbers);
      backend.layer_norm(in, bias, bias, number, out, statistics);
      backend.layer_norm_backward(in, in, bias, read_statistics, out, vector, vector);
      backend.linear(in, weight, bias, out);
      backend.linear_residual(in, weight, bias, in, out);
      backend.linear_backward(in, in, weight, out, numbers, vector);
      backend.activate(activation, in, out);
      backend.linear_activate(in, weight, bias, activation, out, out);
      backend.activated_linear_backward(in, in, weight, activation, in, out, numbers, vector);
      backend.tree_attention(rows, read_heads, read_heads, read_heads, number, heads, numbers);
      backend.tree_attention_backward(rows, read_heads, read_heads, read_heads, number, read_heads,
                                      weight, read_heads, heads, heads, heads);
      backend.gather_rows(in, indices, out);
      backend.scatter_add_rows(in, indices, out);
      backend.head_logits(in, weight, numbers);
      backend.head_log_probs(in, weight, targets, out, vector, log_probs);
      backend.head_backward(out, bias, targets, slopes, in, weight, out, numbers);
    };

}  // namespace prefopt
