// SPDX-License-Identifier: MIT
#pragma once
// Attention over a forest of rows, in tiles of queries: a tile looks at its ancestors' runs and, causally, at its own
// node up to itself. The softmax's weights are not kept; the backward makes them again from the log-sums
// (Dao et al. 2022, arXiv:2205.14135, section 3.1).
// Legend: q, k, v, out [N, H, D]; a tile of t queries sees P ancestors' rows and then rows of its own node.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/maps.hpp"

namespace prefopt::detail {

/// Some queries of one node and all that they see.
struct attention_tile {
  std::size_t node;
  std::size_t begin;  ///< rows of the forest
  std::size_t end;
};

/// The tiles of the rows from `rows.first_row` on, in order.
[[nodiscard]] inline std::vector<attention_tile> attention_tiles(const attention_rows& rows) {
  constexpr std::size_t length = 64;  // a tile's scores over a few hundred keys stay in the second-level cache
  std::vector<attention_tile> tiles;
  for (std::size_t node = 0; node < rows.nodes.size(); ++node) {
    const auto node_end = static_cast<std::size_t>(rows.nodes[node].end);
    std::size_t begin = std::max(static_cast<std::size_t>(rows.nodes[node].begin), rows.first_row);
    for (; begin < node_end; begin += length) tiles.push_back({node, begin, std::min(begin + length, node_end)});
  }
  return tiles;
}

/// Runs of consecutive rows that a tile sees, the root's first, the tile's own node up to the tile's end last.
struct row_run {
  std::size_t begin;
  std::size_t end;
};

inline void visible_runs(std::span<const tree_node> nodes, const attention_tile& tile, std::vector<row_run>& runs) {
  runs.clear();
  runs.push_back({static_cast<std::size_t>(nodes[tile.node].begin), tile.end});
  for (auto node = nodes[tile.node].parent; node >= 0; node = nodes[static_cast<std::size_t>(node)].parent) {
    const tree_node& above = nodes[static_cast<std::size_t>(node)];
    runs.push_back({static_cast<std::size_t>(above.begin), static_cast<std::size_t>(above.end)});
  }
  std::ranges::reverse(runs);
}

/// Rows [begin, end) of one head, [rows, D].
template <class Value>
[[nodiscard]] matrix_map<Value> head_rows(tensor_view<Value, 3> heads, std::size_t head, std::size_t begin,
                                          std::size_t end) {
  return {heads.data() + begin * heads.stride(0) + head * heads.stride(1), eigen_index(end - begin),
          eigen_index(heads.extent(2)), Eigen::OuterStride<>(eigen_index(heads.stride(0)))};
}

/// scores [t, keys] = scale * q kᵀ over the tile's runs; what a query must not see is -infinity.
template <class Real>
void tile_scores(const attention_tile& tile, std::span<const row_run> runs, const matrix_map<const Real>& q,
                 tensor_view<const Real, 3> k, std::size_t head, Real scale, row_major<Real>& scores) {
  Eigen::Index keys = 0;
  for (const row_run& run : runs) keys += eigen_index(run.end - run.begin);
  scores.resize(q.rows(), keys);
  Eigen::Index at = 0;
  for (const row_run& run : runs) {
    const auto count = eigen_index(run.end - run.begin);
    scores.middleCols(at, count).noalias() = scale * q * head_rows(k, head, run.begin, run.end).transpose();
    at += count;
  }
  // Row i of the tile sees its own row, which is key number keys - t + i, and none behind it.
  const auto queries = eigen_index(tile.end - tile.begin);
  for (Eigen::Index i = 0; i < queries; ++i)
    scores.row(i).tail(queries - 1 - i).setConstant(-std::numeric_limits<Real>::infinity());
}

/// Assigns out [queries, H, D] and log_sums [queries, H]; query i is row `rows.first_row` + i of the forest.
template <class Real>
void tree_attention(int threads, const attention_rows& rows, tensor_view<const Real, 3> q, tensor_view<const Real, 3> k,
                    tensor_view<const Real, 3> v, double scale, tensor_view<Real, 3> out, matrix_view<Real> log_sums) {
  const std::vector<attention_tile> tiles = attention_tiles(rows);
  const std::size_t heads = q.extent(1);
  parallel_tasks(threads, tiles.size() * heads, [&](std::size_t task, std::size_t) {
    const attention_tile& tile = tiles[task / heads];
    const std::size_t head = task % heads;
    const std::size_t first = tile.begin - rows.first_row, last = tile.end - rows.first_row;
    thread_local std::vector<row_run> runs;
    thread_local row_major<Real> scores;
    visible_runs(rows.nodes, tile, runs);
    tile_scores<Real>(tile, runs, head_rows(q, head, first, last), k, head, static_cast<Real>(scale), scores);
    for (Eigen::Index i = 0; i < scores.rows(); ++i) {
      auto row = scores.row(i).array();
      const Real top = row.maxCoeff();
      row = (row - top).exp();
      const Real sum = row.sum();
      row *= 1 / sum;
      log_sums(first + static_cast<std::size_t>(i), head) = top + std::log(sum);
    }
    auto result = head_rows(out, head, first, last);
    Eigen::Index at = 0;
    for (const row_run& run : runs) {
      const auto count = eigen_index(run.end - run.begin);
      const auto values = head_rows(v, head, run.begin, run.end);
      if (at == 0)
        result.noalias() = scores.leftCols(count) * values;
      else
        result.noalias() += scores.middleCols(at, count) * values;
      at += count;
    }
  });
}

/// Assigns d_q, d_k, d_v [N, H, D] for a whole forest (rows.first_row 0). Threads split heads, so that the gradient of
/// a key gathers over its queries without atomics and in one order.
template <class Real>
void tree_attention_backward(int threads, const attention_rows& rows, tensor_view<const Real, 3> q,
                             tensor_view<const Real, 3> k, tensor_view<const Real, 3> v, double scale,
                             tensor_view<const Real, 3> out, matrix_view<const Real> log_sums,
                             tensor_view<const Real, 3> d_out, tensor_view<Real, 3> d_q, tensor_view<Real, 3> d_k,
                             tensor_view<Real, 3> d_v) {
  const std::vector<attention_tile> tiles = attention_tiles(rows);
  const auto factor = static_cast<Real>(scale);
  parallel_tasks(threads, q.extent(1), [&](std::size_t head, std::size_t) {
    head_rows(d_k, head, 0, d_k.extent(0)).setZero();
    head_rows(d_v, head, 0, d_v.extent(0)).setZero();
    std::vector<row_run> runs;
    row_major<Real> weights, d_scores;
    for (const attention_tile& tile : tiles) {
      visible_runs(rows.nodes, tile, runs);
      const auto queries = head_rows(q, head, tile.begin, tile.end);
      const auto d_result = head_rows(d_out, head, tile.begin, tile.end);
      tile_scores<Real>(tile, runs, queries, k, head, factor, weights);
      d_scores.resize(weights.rows(), weights.cols());
      Eigen::Index at = 0;
      for (const row_run& run : runs) {
        const auto count = eigen_index(run.end - run.begin);
        d_scores.middleCols(at, count).noalias() = d_result * head_rows(v, head, run.begin, run.end).transpose();
        at += count;
      }
      const auto result = head_rows(out, head, tile.begin, tile.end);
      for (Eigen::Index i = 0; i < weights.rows(); ++i) {
        auto row = weights.row(i).array();
        row = (row - log_sums(tile.begin + static_cast<std::size_t>(i), head)).exp();
        const Real mean = d_result.row(i).dot(result.row(i));  // the weights' mean of d_scores
        d_scores.row(i).array() = row * (d_scores.row(i).array() - mean) * factor;
      }
      auto d_queries = head_rows(d_q, head, tile.begin, tile.end);
      d_queries.setZero();
      at = 0;
      for (const row_run& run : runs) {
        const auto count = eigen_index(run.end - run.begin);
        d_queries.noalias() += d_scores.middleCols(at, count) * head_rows(k, head, run.begin, run.end);
        head_rows(d_k, head, run.begin, run.end).noalias() += d_scores.middleCols(at, count).transpose() * queries;
        head_rows(d_v, head, run.begin, run.end).noalias() += weights.middleCols(at, count).transpose() * d_result;
        at += count;
      }
    }
  });
}

}  // namespace prefopt::detail
