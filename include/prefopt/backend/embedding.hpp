// SPDX-License-Identifier: MIT
#pragma once
// embedding_backend: tokens and positions to rows.

#include <cstdint>
#include <span>

#include "prefopt/backend/activations.hpp"
#include "prefopt/backend/weight_matrix.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2 {

/// Can look up embeddings.
/// Needs: activation_backend and
///
/// - `embedding(tokens, positions, wte, wpe, out)`: out [N, C] = wte[token] + wpe[position]; the
///   tables are [V, C] and [positions, C], both stored as numbers or both as bfloat16.
/// - `embedding_backward(tokens, positions, d_out, d_wte, d_wpe)` adds to d_wte and d_wpe.
///
/// If wpe has no rows, rows have no position: out = wte[token], and `positions` is not read and may
/// be empty. In the backward pass, a table without rows is not computed.
///
/// Law: rows of one token or position add up in d_wte and d_wpe, in any order of the rows to the
/// same sum up to rounding.
template <class M>
concept embedding_backend =
    activation_backend<M> && requires(const M& backend, std::span<const std::int32_t> indices,
                                      matrix_view<typename M::activation_type> out,
                                      matrix_view<const typename M::activation_type> in,
                                      weight_matrix<typename M::value_type> table,
                                      matrix_view<typename M::value_type> d_table) {
      backend.embedding(indices, indices, table, table, out);
      backend.embedding_backward(indices, indices, in, d_table, d_table);
    };

}  // namespace prefopt::inline v0_2
