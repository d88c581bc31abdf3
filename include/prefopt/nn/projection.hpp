// SPDX-License-Identifier: MIT
#pragma once
// From normalized rows to the queries, keys and values that attention reads: one product, a norm of
// each head of q and k if the shape has one, and a rotation by position if the layer has one.
//
// Legend: N rows, Q query heads and K key-value heads of D channels. The last block projects
// queries apart from keys and values, so either number may be 0.

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/core/view.hpp"
#include "prefopt/nn/backend_matrix.hpp"
#include "prefopt/nn/shape.hpp"
#include "prefopt/nn/weights.hpp"

namespace prefopt::inline v0_2 {

/// The heads of a projection, and their size D.
struct head_counts {
  std::size_t queries = 0, keys = 0, size = 0;

  [[nodiscard]] static head_counts all(const decoder_shape& shape) {
    return {shape.heads, shape.kv_heads, shape.head_size};
  }
  [[nodiscard]] static head_counts only_queries(const decoder_shape& shape) {
    return {shape.heads, 0, shape.head_size};
  }
  [[nodiscard]] static head_counts only_keys_values(const decoder_shape& shape) {
    return {0, shape.kv_heads, shape.head_size};
  }
};

/// `count` heads of a matrix [N, heads * size] from head `first` on, as [N, count, size].
template <class Value>
[[nodiscard]] tensor_view<Value, 3> heads_at(matrix_view<Value> matrix, std::size_t first,
                                             std::size_t count, std::size_t size) {
  return {
      matrix.data() + first * size, {matrix.extent(0), count, size}, {matrix.stride(0), size, 1}};
}

/// Queries, keys and values of N rows, or their gradients.
template <class Value>
struct head_views {
  head_counts counts;
  matrix_view<Value> product;  // [N, (Q + 2K) D] q | k | v, what the product computes
  matrix_view<Value> read;     // [N, (Q + K) D or more] q | k, what attention reads

  [[nodiscard]] tensor_view<Value, 3> queries() const {
    return heads_at(read, 0, counts.queries, counts.size);
  }
  [[nodiscard]] tensor_view<Value, 3> keys() const {
    return heads_at(read, counts.queries, counts.keys, counts.size);
  }
  [[nodiscard]] tensor_view<Value, 3> values() const {
    return heads_at(product, counts.queries + counts.keys, counts.keys, counts.size);
  }
  [[nodiscard]] tensor_view<Value, 3> queries_and_keys() const {
    return heads_at(read, 0, counts.queries + counts.keys, counts.size);
  }

  [[nodiscard]] head_views rows(std::size_t begin, std::size_t end) const {
    return {counts, product.rows(begin, end), read.rows(begin, end)};
  }
};

/// The same with its storage. Without qk_norm, attention reads what the product computes.
template <transformer_backend Backend>
struct projected_heads {
  using activation_type = typename Backend::activation_type;
  using value_type = typename Backend::value_type;

  projected_heads(const Backend& backend, const decoder_shape& shape, const head_counts& heads,
                  std::size_t rows)
      : counts(heads), product(backend, rows, (heads.queries + 2 * heads.keys) * heads.size) {
    if (!shape.qk_norm) return;
    const std::size_t normalized_heads = heads.queries + heads.keys;
    normalized.emplace(backend, rows, normalized_heads * heads.size);
    inverse_deviations.emplace(backend, rows, normalized_heads);
  }

  [[nodiscard]] head_views<activation_type> views() {
    return {counts, product.view(), normalized ? normalized->view() : product.view()};
  }
  [[nodiscard]] head_views<const activation_type> views() const {
    return {counts, product.view(), normalized ? normalized->view() : product.view()};
  }

  head_counts counts;
  backend_matrix<Backend> product;
  std::optional<backend_matrix<Backend>> normalized;                      // [N, (Q + K) D]
  std::optional<backend_matrix<Backend, value_type>> inverse_deviations;  // [N, Q + K]
};

/// The weights of a projection of some heads.
template <class Value>
struct projection_weights {
  linear_weights<Value> product;             // [C, (Q + 2K) D]
  std::array<norm_weights<Value>, 2> norms;  // of q and of k, [D]

  [[nodiscard]] static projection_weights all(const block_weights<Value>& block) {
    return {block.qkv, {block.query_norm, block.key_norm}};
  }
  [[nodiscard]] static projection_weights only_queries(const block_weights<Value>& block,
                                                       const decoder_shape& shape) {
    return {outputs(block.qkv, 0, shape.query_columns()), {block.query_norm, block.key_norm}};
  }
  [[nodiscard]] static projection_weights only_keys_values(const block_weights<Value>& block,
                                                           const decoder_shape& shape) {
    return {outputs(block.qkv, shape.query_columns(), 2 * shape.key_columns()),
            {block.query_norm, block.key_norm}};
  }
};

/// Projects the rows x [N, C] to heads, from row `first` of `heads` on. `rotations` [N, D] is their
/// rotation table, without rows if they do not rotate.
template <transformer_backend Backend>
class head_projection {
 public:
  using value_type = typename Backend::value_type;
  using activation_type = typename Backend::activation_type;
  using const_view = matrix_view<const activation_type>;
  using rotation_view = matrix_view<const value_type>;

  head_projection(const Backend& backend, const decoder_shape& shape,
                  const projection_weights<const value_type>& weights)
      : backend_(backend), shape_(shape), weights_(weights) {}

  /// Returns the heads of the N rows.
  head_views<const activation_type> forward(const_view x, rotation_view rotations,
                                            projected_heads<Backend>& heads,
                                            std::size_t first = 0) const {
    const std::size_t end = first + x.extent(0), size = heads.counts.size;
    const head_views<activation_type> fresh = heads.views().rows(first, end);
    const const_view product = fresh.product;
    backend_.linear(x, weights_.product.weight, weights_.product.bias, fresh.product);
    for (const normed_heads& part : normed(heads)) {
      const auto deviations = heads.inverse_deviations->view().rows(first, end);
      backend_.rms_norm(heads_at(product, part.first, part.count, size),
                        weights_.norms[part.norm].scale, shape_.epsilon,
                        heads_at(fresh.read, part.first, part.count, size),
                        columns(deviations, part.first, part.count));
    }
    if (rotations.extent(0) != 0)
      backend_.rotate(rotations, rotation::forward, fresh.queries_and_keys());
    return {heads.counts, fresh.product, fresh.read};
  }

  /// Its backward pass for all N rows of `heads`: assigns d_x, adds to the gradients and overwrites
  /// d_heads.
  void backward(projected_heads<Backend>& d_heads, const projected_heads<Backend>& heads,
                const_view x, rotation_view rotations,
                const projection_weights<value_type>& gradients,
                matrix_view<activation_type> d_x) const {
    const std::size_t size = heads.counts.size;
    const head_views<activation_type> d = d_heads.views();
    if (rotations.extent(0) != 0)
      backend_.rotate(rotations, rotation::inverse, d.queries_and_keys());
    for (const normed_heads& part : normed(heads)) {
      // the norm's backward adds
      backend_.clear(columns(d.product, part.first * size, part.count * size));
      const const_view d_read = d.read;
      backend_.rms_norm_backward(heads_at(d_read, part.first, part.count, size),
                                 heads_at(heads.product.view(), part.first, part.count, size),
                                 weights_.norms[part.norm].scale,
                                 columns(heads.inverse_deviations->view(), part.first, part.count),
                                 heads_at(d.product, part.first, part.count, size),
                                 gradients.norms[part.norm].scale);
    }
    backend_.linear_backward(d.product, x, weights_.product.weight, d_x,
                             gradients.product.weight.values, gradients.product.bias);
  }

 private:
  /// Neighboring heads with one norm.
  struct normed_heads {
    std::size_t norm, first, count;
  };
  [[nodiscard]] static std::vector<normed_heads> normed(const projected_heads<Backend>& heads) {
    const auto& [queries, keys, size] = heads.counts;
    std::vector<normed_heads> parts;
    if (heads.normalized && queries != 0) parts.push_back({0, 0, queries});
    if (heads.normalized && keys != 0) parts.push_back({1, queries, keys});
    return parts;
  }

  const Backend& backend_;
  const decoder_shape& shape_;
  projection_weights<const value_type> weights_;
};

}  // namespace prefopt::inline v0_2
