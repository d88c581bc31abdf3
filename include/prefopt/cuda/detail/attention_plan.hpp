// SPDX-License-Identifier: MIT
#pragma once
// attention_plan: which rows of a forest see which, as arrays for kernels. A query at row i sees
// its ancestors' runs and its own node up to itself. Nodes follow their parents, so rows ascend
// along a path, and a window leaves those from some first row on. In a nested forest the converse
// is simple too: the key at row j of node n is seen by queries at rows j .. n.subtree_end - 1 only,
// which are contiguous: without a window, by all of them. In any other forest, all later rows are
// asked.
//
// Legend: Q queries, K keys, both in tiles of 64.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/cuda/detail/device_block.hpp"

namespace prefopt::inline v0_2::detail {

inline constexpr std::size_t attention_tile_rows = 64;

/// What a query sees of its path: the rows from `first` to its own, `last`; by default none.
struct row_span {
  std::int32_t first = 0;
  std::int32_t last = -1;
};

/// Whether the rows [node.begin, node.subtree_end) of each node hold exactly it and its
/// descendants. `pack` lays out its forests this way; a forest that grew token by token
/// (incremental_decoder) may differ.
[[nodiscard]] inline bool is_nested(std::span<const tree_node> nodes) {
  std::vector<std::int32_t> open;  // nodes whose interval contains the next node
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const tree_node& node = nodes[i];
    const auto of = [&](std::int32_t above) { return nodes[static_cast<std::size_t>(above)]; };
    while (!open.empty() && of(open.back()).subtree_end <= node.begin) open.pop_back();
    if (node.parent != (open.empty() ? -1 : open.back())) return false;
    if (node.subtree_end < node.end ||
        (!open.empty() && node.subtree_end > of(open.back()).subtree_end))
      return false;
    open.push_back(static_cast<std::int32_t>(i));
  }
  return true;
}

/// Which tiles must visit each other, given the queries [begin, end) that may see each key of a
/// nested forest. A key's rows begin with its own, so those of neighboring keys leave no gap: a
/// tile of keys is seen by one interval of queries. Takes one step per key and per pair of tiles.
struct tile_visits {
  // the key tiles that each tile of queries must visit, one list after another
  std::vector<std::int32_t> key_tiles;
  // [tiles of queries + 1] where each tile's list begins in key_tiles
  std::vector<std::int32_t> key_tile_begins;
  // [tiles of keys] the tiles of queries [begin, end) that see some of its keys
  std::vector<std::int32_t> query_tile_begin;
  std::vector<std::int32_t> query_tile_end;

  template <class Numbers>
  tile_visits(const Numbers& query_begin, const Numbers& query_end, std::size_t queries) {
    constexpr auto size = static_cast<std::int32_t>(attention_tile_rows);
    const std::size_t keys = query_begin.size();
    for (std::size_t first = 0; first < keys; first += attention_tile_rows) {
      const std::int32_t begin = query_begin[first];
      std::int32_t end = begin;
      for (std::size_t key = first; key < std::min(keys, first + attention_tile_rows); ++key)
        end = std::max(end, std::int32_t{query_end[key]});
      query_tile_begin.push_back(begin / size);
      query_tile_end.push_back(end == begin ? begin / size : (end - 1) / size + 1);
    }
    key_tile_begins.assign((queries + attention_tile_rows - 1) / attention_tile_rows + 1, 0);
    const auto for_each_pair = [&](const auto& visit) {
      for (std::size_t k = 0; k < query_tile_begin.size(); ++k)
        for (std::int32_t q = query_tile_begin[k]; q < query_tile_end[k]; ++q)
          visit(static_cast<std::size_t>(q), k);
    };
    for_each_pair([&](std::size_t q, std::size_t) { ++key_tile_begins[q + 1]; });
    std::partial_sum(key_tile_begins.begin(), key_tile_begins.end(), key_tile_begins.begin());
    key_tiles.resize(static_cast<std::size_t>(key_tile_begins.back()));
    std::vector<std::int32_t> next(key_tile_begins.begin(), key_tile_begins.end() - 1);
    for_each_pair([&](std::size_t q, std::size_t k) {
      key_tiles[static_cast<std::size_t>(next[q]++)] = static_cast<std::int32_t>(k);
    });
  }
  tile_visits() = default;
};

struct attention_plan {
  std::vector<tree_node> nodes;
  std::vector<row_span> query_spans;      // [Q] by each query's row, ascending
  std::vector<std::int32_t> query_nodes;  // [Q] and its node
  bool nested;
  // The rows and queries that may see a key: in a nested forest, those whose span reaches back to
  // it do. Empty for rows that continue from others in a forest that is not nested: they have no
  // backward pass.
  std::vector<std::int32_t> seen_until;   // [K] the rows from the key's own to before this one
  std::vector<std::int32_t> query_begin;  // [K] and the queries [begin, end)
  std::vector<std::int32_t> query_end;
  tile_visits tiles;  // for a nested forest

  attention_plan(const attention_rows& rows, std::size_t queries, std::size_t keys)
      : nodes(rows.nodes.begin(), rows.nodes.end()), nested(is_nested(rows.nodes)) {
    order_queries(rows, queries);
    if (!nested && rows.first_row > 0) return;
    order_keys(keys, rows.window);
    if (nested) tiles = tile_visits(query_begin, query_end, queries);
  }

 private:
  void order_queries(const attention_rows& rows, std::size_t queries) {
    std::size_t node = 0;
    for (std::size_t i = 0; i < queries; ++i) {
      const auto row =
          rows.queries.empty() ? static_cast<std::int32_t>(rows.first_row + i) : rows.queries[i];
      while (nodes[node].end <= row) ++node;  // runs follow each other in the order of the nodes
      query_spans.push_back({first_seen(rows.window, node, row), row});
      query_nodes.push_back(static_cast<std::int32_t>(node));
    }
  }

  /// The first row that the query at `row` of `node` sees; 0 if that is its whole path. Takes a
  /// step for each node in the window.
  [[nodiscard]] std::int32_t first_seen(std::size_t window, std::size_t node,
                                        std::int32_t row) const {
    for (std::size_t left = window; left > 0;) {
      const tree_node& here = nodes[node];
      const auto count = static_cast<std::size_t>(row + 1 - here.begin);
      if (left <= count) return row + 1 - static_cast<std::int32_t>(left);
      if (here.parent < 0) break;
      left -= count;
      node = static_cast<std::size_t>(here.parent);
      row = nodes[node].end - 1;
    }
    return 0;
  }

  void order_keys(std::size_t keys, std::size_t window) {
    // [K + 1] the first query at or after a key's row
    std::vector<std::int32_t> first_query;
    std::int32_t query = 0;
    for (std::size_t row = 0; row <= keys; ++row) {
      while (static_cast<std::size_t>(query) < query_spans.size() &&
             query_spans[static_cast<std::size_t>(query)].last < static_cast<std::int32_t>(row))
        ++query;
      first_query.push_back(query);
    }
    for (const tree_node& node : nodes)
      for (std::int32_t row = node.begin; row < node.end && seen_until.size() < keys; ++row) {
        // a window that ends in the key's node is seen from there alone
        const bool ends_here = window > 0 && window <= static_cast<std::size_t>(node.end - row);
        seen_until.push_back(ends_here ? row + static_cast<std::int32_t>(window)
                             : nested  ? node.subtree_end
                                       : static_cast<std::int32_t>(keys));
        query_begin.push_back(first_query[static_cast<std::size_t>(row)]);
        query_end.push_back(
            first_query[std::min(keys, static_cast<std::size_t>(seen_until.back()))]);
      }
  }
};

/// A plan in a device's memory.
struct attention_plan_there {
  bool nested;
  device_buffer<tree_node> nodes;
  device_buffer<row_span> query_spans;
  device_buffer<std::int32_t> query_nodes, seen_until, query_begin, query_end, key_tiles,
      key_tile_begins, query_tile_begin, query_tile_end;

  template <class Device>
  attention_plan_there(const Device& device, const attention_plan& plan) : nested(plan.nested) {
    const auto upload = [&](auto& to, const auto& values) { to = uploaded(device, values); };
    upload(nodes, plan.nodes);
    upload(query_spans, plan.query_spans);
    upload(query_nodes, plan.query_nodes);
    upload(seen_until, plan.seen_until);
    upload(query_begin, plan.query_begin);
    upload(query_end, plan.query_end);
    upload(key_tiles, plan.tiles.key_tiles);
    upload(key_tile_begins, plan.tiles.key_tile_begins);
    upload(query_tile_begin, plan.tiles.query_tile_begin);
    upload(query_tile_end, plan.tiles.query_tile_end);
  }
};

/// The plans of the last few forests: every layer of a pass needs the same one.
class attention_plans {
 public:
  /// Valid until the next call.
  template <class Device>
  [[nodiscard]] const attention_plan_there& of(const Device& device, const attention_rows& rows,
                                               std::size_t queries, std::size_t keys) {
    for (const entry& known : entries_)
      if (known.queries == queries && known.keys == keys && known.first_row == rows.first_row &&
          known.window == rows.window && std::ranges::equal(known.named, rows.queries) &&
          std::ranges::equal(known.nodes, rows.nodes))
        return known.plan;
    // a pass needs one for all rows, with and without a window, and one for those of the last block
    constexpr std::size_t most = 4;
    if (entries_.size() == most) entries_.pop_front();
    entries_.push_back({queries,
                        keys,
                        rows.first_row,
                        rows.window,
                        {rows.queries.begin(), rows.queries.end()},
                        {rows.nodes.begin(), rows.nodes.end()},
                        {device, attention_plan(rows, queries, keys)}});
    return entries_.back().plan;
  }

 private:
  struct entry {
    std::size_t queries, keys, first_row, window;
    std::vector<std::int32_t> named;
    std::vector<tree_node> nodes;
    attention_plan_there plan;
  };
  std::deque<entry> entries_;
};

}  // namespace prefopt::inline v0_2::detail
