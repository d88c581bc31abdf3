// SPDX-License-Identifier: MIT
#pragma once
// Attention over a forest of rows, in tiles of queries: a tile reads its ancestors' runs and,
// causally, its own node up to itself; under a window, only their last rows. The softmax weights
// are not kept; the backward pass recomputes them from the log-sums (Dao et al. 2022,
// arXiv:2205.14135, section 3.1).
//
// Legend: q, out [queries, H, D], k, v [N, K, D], H a multiple of K; a tile of t queries sees P
// ancestors' rows and then rows of its own node.

#include <atomic>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/eigen/detail/attention_tiles.hpp"
#include "prefopt/eigen/detail/buffer.hpp"
#include "prefopt/eigen/detail/maps.hpp"
#include "prefopt/eigen/detail/product_engine.hpp"
#include "prefopt/eigen/detail/turn.hpp"

namespace prefopt::inline v0_2::detail {

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

/// Copies the rows of one head that a tile sees to out [keys, D], contiguously: the keys of a query
/// are then one matrix, and its sums do not depend on how the tree cuts the path.
template <class Real>
void gather_runs(std::span<const row_run> runs, tensor_view<const Real, 3> heads, std::size_t head,
                 matrix_view<Real> out) {
  for_each_run(runs, [&](const row_run& run, std::size_t first, std::size_t last) {
    as_eigen(out.rows(first, last)) = as_eigen(head_rows(heads, head, run.begin, run.end));
  });
}

/// The part of a tile's row of scores that the query sees. Zeroes the rest.
template <class Row>
[[nodiscard]] auto only_visible(Row row, const key_range& visible) {
  const auto begin = eigen_index(visible.begin), end = eigen_index(visible.end);
  row.head(begin).setZero();
  row.tail(row.size() - end).setZero();
  return row.segment(begin, end - begin);
}

/// Assigns out [queries, H, D] and log_sums [queries, H].
template <class Engine, class Real = typename Engine::real>
void tree_attention(int threads, const Engine& multiply, const attention_rows& rows,
                    tensor_view<const Real, 3> q, tensor_view<const Real, 3> k,
                    tensor_view<const Real, 3> v, double scale, tensor_view<Real, 3> out,
                    matrix_view<Real> log_sums) {
  const std::vector<attention_tile> tiles = attention_tiles(rows, q.extent(0));
  const std::size_t heads = q.extent(1), size = q.extent(2), group = heads / k.extent(1);
  // Where tiles are single queries, as in generation, a group's heads read its keys together.
  const std::size_t together = tiles.size() == q.extent(0) ? group : 1;
  const std::size_t blocks = heads / together;  // of a tile
  parallel_tasks(threads, tiles.size() * blocks, [&](std::size_t task) {
    thread_local std::vector<row_run> runs;
    thread_local tile_matrix<Real> scores_room, seen_room;
    const attention_tile& tile = tiles[task / blocks];
    const query_block block{tile.begin, tile.end, task % blocks * together, together};
    const std::size_t kv_head = block.head / group;
    visible_runs(rows.nodes, tile, runs);
    const std::size_t keys = row_count(runs);
    const matrix_view<Real> scores = scores_room.resized(block.size(), keys),
                            seen_rows = seen_room.resized(keys, size);
    gather_runs<Real>(runs, k, kv_head, seen_rows);
    multiply.here(update::assign, scores, outer_rows<Real>(block.of(q)),
                  outer_rows<Real>(seen_rows));
    for (std::size_t i = 0; i < block.size(); ++i) {
      auto seen =
          only_visible(as_eigen_row(scores, i), visible_keys(rows, tile, block.query_of(i), keys));
      seen *= static_cast<Real>(scale);
      const Real top = seen.maxCoeff();
      seen = (seen - top).exp();
      const Real sum = seen.sum();
      seen *= 1 / sum;
      log_sums(block.query_of(i), block.head_of(i)) = top + std::log(sum);
    }
    gather_runs<Real>(runs, v, kv_head, seen_rows);
    multiply.here(update::assign, block.of(out), outer_rows<Real>(scores),
                  outer_columns<Real>(seen_rows));
  });
}

/// Memory for one tile's backward pass, reused from tile to tile, and for one head's sums.
template <class Real>
struct attention_rooms {
  tile_matrix<Real> weights, d_scores, keys, others, d_keys, d_values;
};

/// One tile's share of one head's backward pass. Assigns its rows of d_q; adds to the head's
/// gradients of keys and values [N, D].
template <class Engine>
struct attention_tile_backward {
  using real = typename Engine::real;

  const Engine& multiply;
  const attention_rows& rows;
  tensor_view<const real, 3> q, k, v, out, d_out;
  matrix_view<const real> log_sums;
  tensor_view<real, 3> d_q;
  double scale;
  std::size_t head, kv_head;
  matrix_view<real> d_keys, d_values;
  attention_rooms<real>& rooms;

  void operator()(const attention_tile& tile, std::span<const row_run> runs) const {
    const std::size_t queries = tile.end - tile.begin, keys = row_count(runs), size = q.extent(2);
    const auto q_rows = head_rows(q, head, tile.begin, tile.end);
    const auto d_rows = head_rows(d_out, head, tile.begin, tile.end);
    const matrix_view<real> weights = rooms.weights.resized(queries, keys);
    const matrix_view<real> d_scores = rooms.d_scores.resized(queries, keys);
    const matrix_view<real> seen_keys = rooms.keys.resized(keys, size),
                            others = rooms.others.resized(keys, size);
    gather_runs<real>(runs, k, kv_head, seen_keys);
    multiply.here(update::assign, weights, outer_rows<real>(q_rows), outer_rows<real>(seen_keys));
    gather_runs<real>(runs, v, kv_head, others);
    multiply.here(update::assign, d_scores, outer_rows<real>(d_rows), outer_rows<real>(others));
    const auto result = head_rows(out, head, tile.begin, tile.end);
    for (std::size_t i = 0; i < queries; ++i) {
      const key_range visible = visible_keys(rows, tile, tile.begin + i, keys);
      auto seen = only_visible(as_eigen_row(weights, i), visible);
      auto d_seen = only_visible(as_eigen_row(d_scores, i), visible);
      seen = (seen * static_cast<real>(scale) - log_sums(tile.begin + i, head)).exp();
      // the weights' mean of d_score
      const real mean = (as_eigen_row(d_rows, i) * as_eigen_row(result, i)).sum();
      d_seen = seen * (d_seen - mean) * static_cast<real>(scale);
    }
    multiply.here(update::assign, head_rows(d_q, head, tile.begin, tile.end),
                  outer_rows<real>(d_scores), outer_columns<real>(seen_keys));
    multiply.here(update::assign, others, outer_columns<real>(d_scores),
                  outer_columns<real>(q_rows));
    scatter_runs(runs, others, d_keys);
    multiply.here(update::assign, others, outer_columns<real>(weights),
                  outer_columns<real>(d_rows));
    scatter_runs(runs, others, d_values);
  }

 private:
  static void scatter_runs(std::span<const row_run> runs, matrix_view<real> from,
                           matrix_view<real> to) {
    for_each_run(runs, [&](const row_run& run, std::size_t first, std::size_t last) {
      as_eigen(to.rows(run.begin, run.end)) += as_eigen(from.rows(first, last));
    });
  }
};

/// Assigns d_q [queries, H, D] and d_k, d_v [N, K, D] for a whole forest (rows.first_row 0).
/// Threads split query heads, so that the gradient of a key is summed over a head's queries without
/// atomics and in a fixed order. The heads of a group add their sums in turn: bits do not depend on
/// the number of threads, and with fewer key-value heads than threads, none is idle. Groups take
/// memory for 2 N D numbers on each thread.
template <class Engine, class Real = typename Engine::real>
void tree_attention_backward(int threads, const Engine& multiply, const attention_rows& rows,
                             tensor_view<const Real, 3> q, tensor_view<const Real, 3> k,
                             tensor_view<const Real, 3> v, double scale,
                             tensor_view<const Real, 3> out, matrix_view<const Real> log_sums,
                             tensor_view<const Real, 3> d_out, tensor_view<Real, 3> d_q,
                             tensor_view<Real, 3> d_k, tensor_view<Real, 3> d_v) {
  const std::vector<attention_tile> tiles = attention_tiles(rows, q.extent(0));
  const std::size_t group = q.extent(1) / k.extent(1), count = k.extent(0), size = k.extent(2);
  std::vector<std::atomic<std::size_t>> turns(k.extent(1));
  parallel_tasks(threads, q.extent(1), [&](std::size_t head) {
    thread_local std::vector<row_run> runs;
    thread_local attention_rooms<Real> rooms;
    const std::size_t kv_head = head / group, member = head % group;
    const turn mine(turns[kv_head], member);
    const auto d_keys = head_rows(d_k, kv_head, 0, count),
               d_values = head_rows(d_v, kv_head, 0, count);
    // the first of a group assigns, the others add
    const auto own_keys = member == 0 ? d_keys : rooms.d_keys.resized(count, size),
               own_values = member == 0 ? d_values : rooms.d_values.resized(count, size);
    as_eigen(own_keys).setZero();
    as_eigen(own_values).setZero();
    const attention_tile_backward<Engine> backward{multiply, rows,    q,        k,          v,
                                                   out,      d_out,   log_sums, d_q,        scale,
                                                   head,     kv_head, own_keys, own_values, rooms};
    for (const attention_tile& tile : tiles) {
      visible_runs(rows.nodes, tile, runs);
      backward(tile, runs);
    }
    if (member == 0) return;
    mine.wait();
    as_eigen(d_keys) += as_eigen(own_keys);
    as_eigen(d_values) += as_eigen(own_values);
  });
}

}  // namespace prefopt::inline v0_2::detail
