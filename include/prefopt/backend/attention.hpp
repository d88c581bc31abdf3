// SPDX-License-Identifier: MIT
#pragma once
// attention_backend: attention over the rows of a prefix tree.

#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/backend/activations.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::inline v0_2 {

/// Rows of a forest that attend to their ancestors' rows and, causally, to their own node's.
struct attention_rows {
  std::span<const tree_node> nodes;
  /// > 0: continues from rows whose keys and values already exist
  std::size_t first_row = 0;
  /// the rows that attend, ascending; empty: all from first_row on
  std::span<const std::int32_t> queries = {};
  /// > 0: a row sees the last `window` positions of its path up to itself, fewer near the root (a
  /// row at position p sees p - window + 1 .. p); 0: its whole path
  std::size_t window = 0;
};

/// Can run attention over a prefix tree.
/// Needs: activation_backend and
///
/// - `tree_attention(rows, q, k, v, scale, out, log_sums)`: out [queries, H, D] = softmax(scale * q
///   kᵀ) v over the keys that each row sees, and the log-sum-exp of each of its softmax rows
///   [queries, H]. k and v are [N, K, D], H a multiple of K: query head h reads key-value head
///   h / (H / K), so that neighboring query heads share one (Ainslie et al. 2023, arXiv:2305.13245,
///   section 2.2).
/// - `tree_attention_backward(rows, q, k, v, scale, out, log_sums, d_out, d_q, d_k, d_v)` assigns
///   d_q [queries, H, D], d_k and d_v [N, K, D]; rows.first_row must be 0.
///
/// Laws: a tree gives each of its paths what the path alone gives, whatever the window. Grouped
/// queries (K < H) give what keys and values repeated H / K times give; d_k and d_v are the sums
/// over each group.
///
/// A backend that has no windows or no grouped queries throws value_error or shape_error for them.
template <class M>
concept attention_backend =
    activation_backend<M> && requires(const M& backend, attention_rows rows,
                                      tensor_view<typename M::activation_type, 3> heads,
                                      tensor_view<const typename M::activation_type, 3> read_heads,
                                      double scale, matrix_view<typename M::value_type> log_sums,
                                      matrix_view<const typename M::value_type> read_log_sums) {
      backend.tree_attention(rows, read_heads, read_heads, read_heads, scale, heads, log_sums);
      backend.tree_attention_backward(rows, read_heads, read_heads, read_heads, scale, read_heads,
                                      read_log_sums, read_heads, heads, heads, heads);
    };

}  // namespace prefopt::inline v0_2
