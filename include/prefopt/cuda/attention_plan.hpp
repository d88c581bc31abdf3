// SPDX-License-Identifier: MIT
#pragma once
// attention_plan: who sees whom in a forest of rows, as arrays that kernels read. A query at row i sees its ancestors'
// runs and its own node up to itself; seen from the other side, the key at row j of node n is seen by the queries at
// rows j .. n.subtree_end - 1, which lie side by side. Legend: Q queries, K keys, both in tiles of 64.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "prefopt/backend/transformer.hpp"
#include "prefopt/cuda/device_block.hpp"

namespace prefopt::detail {

inline constexpr std::size_t attention_tile_rows = 64;

struct attention_plan {
  std::vector<tree_node> nodes;
  std::vector<std::int32_t> query_rows;   // [Q] the row that a query is, ascending
  std::vector<std::int32_t> query_nodes;  // [Q] and its node
  std::vector<std::int32_t> seen_until;   // [K] a key is seen by the rows from its own up to here
  std::vector<std::int32_t> query_begin;  // [K] and by the queries [begin, end)
  std::vector<std::int32_t> query_end;
  std::vector<std::int32_t> key_tiles;         // of each tile of queries, one after the other: what it must visit
  std::vector<std::int32_t> key_tile_begins;   // [tiles of queries + 1] where a tile's begin in key_tiles
  std::vector<std::int32_t> query_tile_begin;  // [tiles of keys] the tiles of queries [begin, end) that see some of it
  std::vector<std::int32_t> query_tile_end;

  attention_plan(const attention_rows& rows, std::size_t queries, std::size_t keys)
      : nodes(rows.nodes.begin(), rows.nodes.end()) {
    place_queries(rows, queries);
    place_keys(keys);
    visit_tiles();
  }

 private:
  void place_queries(const attention_rows& rows, std::size_t queries) {
    std::size_t node = 0;
    for (std::size_t i = 0; i < queries; ++i) {
      const auto row = rows.queries.empty() ? static_cast<std::int32_t>(rows.first_row + i) : rows.queries[i];
      while (nodes[node].end <= row) ++node;  // runs follow each other in the order of nodes
      query_rows.push_back(row);
      query_nodes.push_back(static_cast<std::int32_t>(node));
    }
  }

  void place_keys(std::size_t keys) {
    const auto first_query = [&](std::int32_t row) {
      return static_cast<std::int32_t>(std::ranges::lower_bound(query_rows, row) - query_rows.begin());
    };
    for (const tree_node& node : nodes)
      for (std::int32_t row = node.begin; row < node.end && seen_until.size() < keys; ++row) {
        seen_until.push_back(node.subtree_end);
        query_begin.push_back(first_query(row));
        query_end.push_back(first_query(node.subtree_end));
      }
  }

  void visit_tiles() {
    const std::size_t size = attention_tile_rows, keys = seen_until.size(), queries = query_rows.size();
    const std::size_t tiles_of_keys = (keys + size - 1) / size, tiles_of_queries = (queries + size - 1) / size;
    query_tile_begin.assign(tiles_of_keys, static_cast<std::int32_t>(tiles_of_queries));
    query_tile_end.assign(tiles_of_keys, 0);
    key_tile_begins.push_back(0);
    for (std::size_t q = 0; q < tiles_of_queries; ++q) {
      const auto begin = static_cast<std::int32_t>(q * size);
      const auto end = static_cast<std::int32_t>(std::min(queries, (q + 1) * size));
      for (std::size_t k = 0; k < tiles_of_keys; ++k) {
        bool seen = false;
        for (std::size_t key = k * size; key < std::min(keys, (k + 1) * size) && !seen; ++key)
          seen = query_begin[key] < end && begin < query_end[key];
        if (!seen) continue;
        key_tiles.push_back(static_cast<std::int32_t>(k));
        query_tile_begin[k] = std::min(query_tile_begin[k], static_cast<std::int32_t>(q));
        query_tile_end[k] = std::max(query_tile_end[k], static_cast<std::int32_t>(q + 1));
      }
      key_tile_begins.push_back(static_cast<std::int32_t>(key_tiles.size()));
    }
  }
};

/// A plan in a device's memory.
struct attention_plan_there {
  device_buffer<tree_node> nodes;
  device_buffer<std::int32_t> query_rows, query_nodes, seen_until, query_begin, query_end, key_tiles, key_tile_begins,
      query_tile_begin, query_tile_end;

  template <class Device>
  attention_plan_there(const Device& device, const attention_plan& plan) {
    const auto upload = [&](const std::vector<std::int32_t>& values) {
      return device.upload(std::span<const std::int32_t>(values));
    };
    nodes = device.upload(std::span<const tree_node>(plan.nodes));
    query_rows = upload(plan.query_rows);
    query_nodes = upload(plan.query_nodes);
    seen_until = upload(plan.seen_until);
    query_begin = upload(plan.query_begin);
    query_end = upload(plan.query_end);
    key_tiles = upload(plan.key_tiles);
    key_tile_begins = upload(plan.key_tile_begins);
    query_tile_begin = upload(plan.query_tile_begin);
    query_tile_end = upload(plan.query_tile_end);
  }
};

/// The plans of the last few forests: every layer of a pass asks for the same one.
class attention_plans {
 public:
  /// Valid until the next call.
  template <class Device>
  [[nodiscard]] const attention_plan_there& of(const Device& device, const attention_rows& rows, std::size_t queries,
                                               std::size_t keys) {
    for (const entry& known : entries_)
      if (known.queries == queries && known.keys == keys && known.first_row == rows.first_row &&
          std::ranges::equal(known.named, rows.queries) && std::ranges::equal(known.nodes, rows.nodes))
        return known.plan;
    constexpr std::size_t most = 4;  // a pass needs two: all rows, and those of the last block
    if (entries_.size() == most) entries_.pop_front();
    entries_.push_back({queries,
                        keys,
                        rows.first_row,
                        {rows.queries.begin(), rows.queries.end()},
                        {rows.nodes.begin(), rows.nodes.end()},
                        {device, attention_plan(rows, queries, keys)}});
    return entries_.back().plan;
  }

 private:
  struct entry {
    std::size_t queries, keys, first_row;
    std::vector<std::int32_t> named;
    std::vector<tree_node> nodes;
    attention_plan_there plan;
  };
  std::deque<entry> entries_;
};

}  // namespace prefopt::detail
