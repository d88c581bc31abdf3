// SPDX-License-Identifier: MIT
#pragma once
// Attention over a forest of rows, in tiles of queries: a tile reads its ancestors' runs and,
// causally, its own node up to itself. The softmax weights are not kept; the backward pass
// recomputes them from the log-sums (Dao et al. 2022, arXiv:2205.14135, section 3.1).
//
// Legend: q, k, v, out [N, H, D]; a tile of t queries sees P ancestors' rows and then rows of its
// own node.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/detail/buffer.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/product_engine.hpp"

namespace prefopt::detail {

/// The forest row of a query.
[[nodiscard]] inline std::size_t row_of(const attention_rows& rows, std::size_t query) {
  return rows.queries.empty() ? rows.first_row + query
                              : static_cast<std::size_t>(rows.queries[query]);
}

/// The first query at or after a row of the forest.
[[nodiscard]] inline std::size_t first_query(const attention_rows& rows, std::int32_t row) {
  if (!rows.queries.empty())
    return static_cast<std::size_t>(std::ranges::lower_bound(rows.queries, row) -
                                    rows.queries.begin());
  return std::max(static_cast<std::size_t>(row), rows.first_row) - rows.first_row;
}

/// Queries of one node.
struct attention_tile {
  std::size_t node;
  std::size_t begin;  ///< queries
  std::size_t end;
  std::size_t end_row;  ///< of the forest: the end of the node's rows that the last query sees
};

/// The tiles of all queries, in order; none without queries (no named queries would mean all).
[[nodiscard]] inline std::vector<attention_tile> attention_tiles(const attention_rows& rows,
                                                                 std::size_t queries) {
  // a tile's scores over a few hundred keys stay in the second-level cache
  constexpr std::size_t length = 64;
  std::vector<attention_tile> tiles;
  if (queries == 0) return tiles;
  for (std::size_t node = 0; node < rows.nodes.size(); ++node) {
    const std::size_t node_end = first_query(rows, rows.nodes[node].end);
    for (std::size_t begin = first_query(rows, rows.nodes[node].begin); begin < node_end;
         begin += length) {
      const std::size_t end = std::min(begin + length, node_end);
      tiles.push_back({node, begin, end, row_of(rows, end - 1) + 1});
    }
  }
  return tiles;
}

/// Runs of consecutive rows that a tile sees: the root's first, and last its own node's up to the
/// last query.
struct row_run {
  std::size_t begin;
  std::size_t end;
};

inline void visible_runs(std::span<const tree_node> nodes, const attention_tile& tile,
                         std::vector<row_run>& runs) {
  runs.clear();
  runs.push_back({static_cast<std::size_t>(nodes[tile.node].begin), tile.end_row});
  for (auto node = nodes[tile.node].parent; node >= 0;
       node = nodes[static_cast<std::size_t>(node)].parent) {
    const tree_node& above = nodes[static_cast<std::size_t>(node)];
    // one run, as in a response that grows alone
    if (static_cast<std::size_t>(above.end) == runs.back().begin)
      runs.back().begin = static_cast<std::size_t>(above.begin);
    else
      runs.push_back({static_cast<std::size_t>(above.begin), static_cast<std::size_t>(above.end)});
  }
  std::ranges::reverse(runs);
}

/// Rows [begin, end) of one head, [rows, D].
template <class Value>
[[nodiscard]] matrix_view<Value> head_rows(tensor_view<Value, 3> heads, std::size_t head,
                                           std::size_t begin, std::size_t end) {
  return {heads.data() + begin * heads.stride(0) + head * heads.stride(1),
          {end - begin, heads.extent(2)},
          {heads.stride(0), 1}};
}

/// A matrix whose memory is reused from tile to tile. Its rows begin on cache lines: Eigen's order
/// of summation follows the alignment of its operands, and the same call must give the same bits at
/// any address.
template <class Real>
class tile_matrix {
 public:
  [[nodiscard]] matrix_view<Real> resized(std::size_t rows, std::size_t columns) {
    constexpr std::size_t line = 64 / sizeof(Real);
    const std::size_t stride = (columns + line - 1) / line * line;
    if (room_.size() < rows * stride) room_ = zeroed_buffer<Real>(rows * stride);
    return {room_.data(), {rows, columns}, {stride, 1}};
  }

 private:
  zeroed_buffer<Real> room_;
};

[[nodiscard]] inline std::size_t row_count(std::span<const row_run> runs) {
  std::size_t rows = 0;
  for (const row_run& run : runs) rows += run.end - run.begin;
  return rows;
}

/// Calls visit(run, first, last): the run and its range among the tile's keys.
template <class Visitor>
void for_each_run(std::span<const row_run> runs, const Visitor& visit) {
  std::size_t at = 0;
  for (const row_run& run : runs) {
    const std::size_t first = at;
    at += run.end - run.begin;
    visit(run, first, at);
  }
}

/// Copies the rows of one head that a tile sees to out [keys, D], contiguously: the keys of a query
/// are then one matrix, and its sums do not depend on how the tree cuts the path.
template <class Real>
void gather_runs(std::span<const row_run> runs, tensor_view<const Real, 3> heads, std::size_t head,
                 matrix_view<Real> out) {
  for_each_run(runs, [&](const row_run& run, std::size_t first, std::size_t last) {
    as_eigen(out.rows(first, last)) = as_eigen(head_rows(heads, head, run.begin, run.end));
  });
}

/// The number of the tile's keys that a query sees: its own row is the last, and the tile's keys
/// end with the last query's row.
[[nodiscard]] inline Eigen::Index visible_keys(const attention_rows& rows,
                                               const attention_tile& tile, std::size_t query,
                                               std::size_t keys) {
  return eigen_index(keys - (tile.end_row - 1 - row_of(rows, query)));
}

/// Assigns out [queries, H, D] and log_sums [queries, H].
template <class Engine, class Real = typename Engine::real>
void tree_attention(int threads, const Engine& multiply, const attention_rows& rows,
                    tensor_view<const Real, 3> q, tensor_view<const Real, 3> k,
                    tensor_view<const Real, 3> v, double scale, tensor_view<Real, 3> out,
                    matrix_view<Real> log_sums) {
  const std::vector<attention_tile> tiles = attention_tiles(rows, q.extent(0));
  const std::size_t heads = q.extent(1), size = q.extent(2);
  parallel_tasks(threads, tiles.size() * heads, [&](std::size_t task) {
    thread_local std::vector<row_run> runs;
    thread_local tile_matrix<Real> scores_room, seen_room;
    const attention_tile& tile = tiles[task / heads];
    const std::size_t head = task % heads;
    const std::size_t begin = tile.begin, end = tile.end;
    visible_runs(rows.nodes, tile, runs);
    const std::size_t keys = row_count(runs);
    const matrix_view<Real> scores = scores_room.resized(end - begin, keys),
                            seen_rows = seen_room.resized(keys, size);
    gather_runs<Real>(runs, k, head, seen_rows);
    multiply.here(update::assign, scores, outer_rows<Real>(head_rows(q, head, begin, end)),
                  outer_rows<Real>(seen_rows));
    for (std::size_t i = 0; i < end - begin; ++i) {
      auto row = as_eigen_row(scores, i);
      auto seen = row.head(visible_keys(rows, tile, begin + i, keys));
      seen *= static_cast<Real>(scale);
      const Real top = seen.maxCoeff();
      seen = (seen - top).exp();
      const Real sum = seen.sum();
      seen *= 1 / sum;
      row.tail(row.size() - seen.size()).setZero();
      log_sums(begin + i, head) = top + std::log(sum);
    }
    gather_runs<Real>(runs, v, head, seen_rows);
    multiply.here(update::assign, head_rows(out, head, begin, end), outer_rows<Real>(scores),
                  outer_columns<Real>(seen_rows));
  });
}

/// Room for one tile's backward pass, reused from tile to tile.
template <class Real>
struct attention_rooms {
  tile_matrix<Real> weights, d_scores, keys, others;
};

/// One tile's share of one head's backward pass. Assigns its rows of d_q; adds to d_k and d_v.
template <class Engine>
struct attention_tile_backward {
  using real = typename Engine::real;

  const Engine& multiply;
  const attention_rows& rows;
  tensor_view<const real, 3> q, k, v, out, d_out;
  matrix_view<const real> log_sums;
  tensor_view<real, 3> d_q, d_k, d_v;
  double scale;
  attention_rooms<real>& rooms;

  void operator()(const attention_tile& tile, std::span<const row_run> runs,
                  std::size_t head) const {
    const std::size_t queries = tile.end - tile.begin, keys = row_count(runs), size = q.extent(2);
    const auto q_rows = head_rows(q, head, tile.begin, tile.end);
    const auto d_rows = head_rows(d_out, head, tile.begin, tile.end);
    const matrix_view<real> weights = rooms.weights.resized(queries, keys);
    const matrix_view<real> d_scores = rooms.d_scores.resized(queries, keys);
    const matrix_view<real> seen_keys = rooms.keys.resized(keys, size),
                            others = rooms.others.resized(keys, size);
    gather_runs<real>(runs, k, head, seen_keys);
    multiply.here(update::assign, weights, outer_rows<real>(q_rows), outer_rows<real>(seen_keys));
    gather_runs<real>(runs, v, head, others);
    multiply.here(update::assign, d_scores, outer_rows<real>(d_rows), outer_rows<real>(others));
    const auto result = head_rows(out, head, tile.begin, tile.end);
    for (std::size_t i = 0; i < queries; ++i) {
      auto weight = as_eigen_row(weights, i);
      auto d_score = as_eigen_row(d_scores, i);
      auto seen = weight.head(visible_keys(rows, tile, tile.begin + i, keys));
      seen = (seen * static_cast<real>(scale) - log_sums(tile.begin + i, head)).exp();
      weight.tail(weight.size() - seen.size()).setZero();
      d_score.tail(weight.size() - seen.size()).setZero();
      // the weights' mean of d_score
      const real mean = (as_eigen_row(d_rows, i) * as_eigen_row(result, i)).sum();
      auto d_seen = d_score.head(seen.size());
      d_seen = seen * (d_seen - mean) * static_cast<real>(scale);
    }
    multiply.here(update::assign, head_rows(d_q, head, tile.begin, tile.end),
                  outer_rows<real>(d_scores), outer_columns<real>(seen_keys));
    multiply.here(update::assign, others, outer_columns<real>(d_scores),
                  outer_columns<real>(q_rows));
    scatter_runs(runs, others, d_k, head);
    multiply.here(update::assign, others, outer_columns<real>(weights),
                  outer_columns<real>(d_rows));
    scatter_runs(runs, others, d_v, head);
  }

 private:
  static void scatter_runs(std::span<const row_run> runs, matrix_view<real> from,
                           tensor_view<real, 3> heads, std::size_t head) {
    for_each_run(runs, [&](const row_run& run, std::size_t first, std::size_t last) {
      as_eigen(head_rows(heads, head, run.begin, run.end)) += as_eigen(from.rows(first, last));
    });
  }
};

/// Assigns d_q [queries, H, D] and d_k, d_v [N, H, D] for a whole forest (rows.first_row 0).
/// Threads split heads, so that the gradient of a key is summed over its queries without atomics
/// and in a fixed order.
template <class Engine, class Real = typename Engine::real>
void tree_attention_backward(int threads, const Engine& multiply, const attention_rows& rows,
                             tensor_view<const Real, 3> q, tensor_view<const Real, 3> k,
                             tensor_view<const Real, 3> v, double scale,
                             tensor_view<const Real, 3> out, matrix_view<const Real> log_sums,
                             tensor_view<const Real, 3> d_out, tensor_view<Real, 3> d_q,
                             tensor_view<Real, 3> d_k, tensor_view<Real, 3> d_v) {
  const std::vector<attention_tile> tiles = attention_tiles(rows, q.extent(0));
  parallel_tasks(threads, q.extent(1), [&](std::size_t head) {
    thread_local std::vector<row_run> runs;
    thread_local attention_rooms<Real> rooms;
    as_eigen(head_rows(d_k, head, 0, d_k.extent(0))).setZero();
    as_eigen(head_rows(d_v, head, 0, d_v.extent(0))).setZero();
    const attention_tile_backward<Engine> backward{multiply, rows, q,   k,   v,     out,  d_out,
                                                   log_sums, d_q,  d_k, d_v, scale, rooms};
    for (const attention_tile& tile : tiles) {
      visible_runs(rows.nodes, tile, runs);
      backward(tile, runs, head);
    }
  });
}

}  // namespace prefopt::detail
