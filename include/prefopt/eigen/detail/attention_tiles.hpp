// SPDX-License-Identifier: MIT
#pragma once
// Which rows attention multiplies with which: tiles of queries, and the runs of rows that a tile
// sees, in the order of their positions.
//
// Legend: a tile's keys are its ancestors' rows and then rows of its own node; under a window W,
// the last of them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "prefopt/backend/attention.hpp"
#include "prefopt/core/view.hpp"

namespace prefopt::inline v0_2::detail {

/// The forest row of a query.
[[nodiscard]] inline std::size_t row_of(const attention_rows& rows, std::size_t query) {
  return rows.queries.empty() ? rows.first_row + query
                              : static_cast<std::size_t>(rows.queries[query]);
}

/// The first query at or after a row of the forest.
[[nodiscard]] inline std::size_t first_query(const attention_rows& rows, std::size_t row) {
  if (!rows.queries.empty())
    return static_cast<std::size_t>(
        std::ranges::lower_bound(rows.queries, static_cast<std::int32_t>(row)) -
        rows.queries.begin());
  return std::max(row, rows.first_row) - rows.first_row;
}

/// Queries of one node.
struct attention_tile {
  std::size_t node;
  std::size_t begin;  ///< queries
  std::size_t end;
  std::size_t end_row;  ///< of the forest: the end of the node's rows that the last query sees
  /// the number of positions up to the last query's that some query of the tile may see
  std::size_t most_keys = std::numeric_limits<std::size_t>::max();
};

/// A tile's scores over a few hundred keys stay in the second-level cache.
inline constexpr std::size_t attention_tile_length = 64;

/// The position of each node's first row in its path.
[[nodiscard]] inline std::vector<std::size_t> first_positions(std::span<const tree_node> nodes) {
  std::vector<std::size_t> first(nodes.size(), 0);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].parent < 0) continue;
    const auto above = static_cast<std::size_t>(nodes[i].parent);  // smaller than i
    first[i] = first[above] + static_cast<std::size_t>(nodes[above].end - nodes[above].begin);
  }
  return first;
}

/// The tiles of all queries, in order; none without queries (no named queries would mean all).
/// Under a window, tiles are cut at multiples of their length in positions and their keys begin
/// where those of such a multiple begin: a query's place among its tile's keys, and with it the
/// order of its sums, depends on its position alone.
[[nodiscard]] inline std::vector<attention_tile> attention_tiles(const attention_rows& rows,
                                                                 std::size_t queries) {
  constexpr std::size_t length = attention_tile_length;
  std::vector<attention_tile> tiles;
  if (queries == 0) return tiles;
  const bool windowed = rows.window > 0;
  const auto first = windowed ? first_positions(rows.nodes) : std::vector<std::size_t>{};
  for (std::size_t node = 0; node < rows.nodes.size(); ++node) {
    const auto node_begin = static_cast<std::size_t>(rows.nodes[node].begin);
    const std::size_t node_end = first_query(rows, static_cast<std::size_t>(rows.nodes[node].end));
    for (std::size_t begin = first_query(rows, node_begin), end = begin; begin < node_end;
         begin = end) {
      end = std::min(begin + length, node_end);
      if (!windowed) {
        tiles.push_back({node, begin, end, row_of(rows, end - 1) + 1});
        continue;
      }
      const std::size_t row = row_of(rows, begin), position = first[node] + (row - node_begin);
      const std::size_t cut = position / length * length;
      end = std::min(end, first_query(rows, row + (cut + length - position)));
      const std::size_t end_row = row_of(rows, end - 1) + 1;
      const std::size_t first_key = cut < rows.window ? 0 : cut - rows.window + 1;
      tiles.push_back({node, begin, end, end_row, position + (end_row - row) - first_key});
    }
  }
  return tiles;
}

/// Consecutive rows that a tile sees.
struct row_run {
  std::size_t begin;
  std::size_t end;
};

/// A tile's runs: the one nearest to the root first, and last its own node's up to the last query.
inline void visible_runs(std::span<const tree_node> nodes, const attention_tile& tile,
                         std::vector<row_run>& runs) {
  runs.clear();
  std::size_t more = tile.most_keys;
  std::size_t end = tile.end_row;
  for (auto node = static_cast<std::int32_t>(tile.node); node >= 0 && more > 0;) {
    const tree_node& here = nodes[static_cast<std::size_t>(node)];
    const std::size_t count = std::min(more, end - static_cast<std::size_t>(here.begin));
    // one run, as in a response that grows alone
    if (!runs.empty() && end == runs.back().begin)
      runs.back().begin -= count;
    else
      runs.push_back({end - count, end});
    more -= count;
    node = here.parent;
    if (node >= 0) end = static_cast<std::size_t>(nodes[static_cast<std::size_t>(node)].end);
  }
  std::ranges::reverse(runs);
}

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

/// The tile's keys [begin, end) that a query sees: its own row is the last, and the tile's keys end
/// with the last query's row.
struct key_range {
  std::size_t begin, end;
};

[[nodiscard]] inline key_range visible_keys(const attention_rows& rows, const attention_tile& tile,
                                            std::size_t query, std::size_t keys) {
  const std::size_t end = keys - (tile.end_row - 1 - row_of(rows, query));
  return {rows.window == 0 || end <= rows.window ? 0 : end - rows.window, end};
}

/// Rows [begin, end) of one head, [rows, D].
template <class Value>
[[nodiscard]] matrix_view<Value> head_rows(tensor_view<Value, 3> heads, std::size_t head,
                                           std::size_t begin, std::size_t end) {
  return {heads.data() + begin * heads.stride(0) + head * heads.stride(1),
          {end - begin, heads.extent(2)},
          {heads.stride(0), 1}};
}

/// The left rows of one product: queries of one head, or one query of several heads that share
/// their keys.
struct query_block {
  std::size_t begin, end;  ///< queries
  std::size_t head, heads;

  [[nodiscard]] std::size_t size() const { return (end - begin) * heads; }
  [[nodiscard]] std::size_t query_of(std::size_t i) const { return heads == 1 ? begin + i : begin; }
  [[nodiscard]] std::size_t head_of(std::size_t i) const { return heads == 1 ? head : head + i; }

  /// Its rows of a tensor [queries, H, D].
  template <class Value>
  [[nodiscard]] matrix_view<Value> of(tensor_view<Value, 3> all) const {
    return {all.data() + begin * all.stride(0) + head * all.stride(1),
            {size(), all.extent(2)},
            {all.stride(heads == 1 ? 0 : 1), 1}};
  }
};

}  // namespace prefopt::inline v0_2::detail
