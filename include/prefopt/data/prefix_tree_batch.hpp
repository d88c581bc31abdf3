// SPDX-License-Identifier: MIT
#pragma once
// The only batch layout: the common prefixes of sequences are stored once, as a forest of token
// runs in depth-first preorder.
//
// Legend: N stored tokens, S sequences, M targets, R rows that a head reads. No padding anywhere.
//
// Preorder makes the attention mask one interval per key: the key at row j of node n is visible to
// rows j .. n.subtree_end-1 and to no others.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// A run of tokens [begin, end) that all sequences through it share; [begin, subtree_end) is the
/// run and everything below it.
struct tree_node {
  /// index of the node above, -1 for a root; always smaller than the node's own index
  std::int32_t parent;
  std::int32_t begin;
  std::int32_t end;
  std::int32_t subtree_end;

  friend bool operator==(const tree_node&, const tree_node&) = default;
};

/// One path from a root to `last_row`: a prompt and one response to it.
struct tree_sequence {
  /// which example of the data set, for reference caches
  std::int32_t example;
  /// which response of that example (chosen_index, rejected_index, or the k-th)
  std::int32_t response_index;
  std::int32_t first_target;  ///< its targets are [first_target, first_target + count)
  std::int32_t count;         ///< how many of its tokens are targets
  std::int32_t last_row;

  friend bool operator==(const tree_sequence&, const tree_sequence&) = default;
};

/// Requests log p(token | the path that ends at row).
struct tree_target {
  std::int32_t row;
  token_id token;

  friend bool operator==(const tree_target&, const tree_target&) = default;
};

/// Sequences packed as a forest. Plain data; `pack` makes valid ones.
struct prefix_tree_batch {
  token_ids tokens;                      // [N]
  std::vector<std::int32_t> positions;   // [N] distance from the root
  std::vector<tree_node> nodes;          // depth-first preorder
  std::vector<tree_sequence> sequences;  // [S]
  std::vector<tree_target> targets;      // [M] grouped by sequence
  std::vector<std::int32_t> rows;        // [R] distinct target rows, ascending
};

/// One sequence of a batch as a plain sequence model sees it. The spans are valid only during the
/// call that passes them.
struct sequence_path {
  const tree_sequence& sequence;
  std::span<const token_id> tokens;    ///< from the root to the last row
  std::span<const std::int32_t> rows;  ///< the batch row of each token
  /// the offsets in `tokens` of its targets, ascending; each at least 1
  std::span<const std::size_t> targets;
};

/// Calls `visit(const sequence_path&)` for every sequence of a batch that passes `check`, in order.
/// Lets a model that knows nothing about trees serve as a policy. Cost: the sum of the sequences'
/// lengths.
template <class Visitor>
void for_each_sequence(const prefix_tree_batch& batch, Visitor&& visit) {
  token_ids tokens;
  std::vector<std::int32_t> rows;
  std::vector<std::size_t> targets;
  for (const tree_sequence& sequence : batch.sequences) {
    rows.clear();
    // The node that holds the last row is the last one that begins at or before it.
    auto node =
        std::upper_bound(batch.nodes.begin(), batch.nodes.end(), sequence.last_row,
                         [](std::int32_t row, const tree_node& n) { return row < n.begin; });
    std::int32_t at = static_cast<std::int32_t>(node - batch.nodes.begin()) - 1;
    std::int32_t end = sequence.last_row + 1;
    while (at >= 0) {
      const tree_node& n = batch.nodes[static_cast<std::size_t>(at)];
      for (std::int32_t row = end; row-- > n.begin;) rows.push_back(row);
      at = n.parent;
      if (at >= 0) end = batch.nodes[static_cast<std::size_t>(at)].end;
    }
    std::reverse(rows.begin(), rows.end());
    tokens.clear();
    for (const std::int32_t row : rows)
      tokens.push_back(batch.tokens[static_cast<std::size_t>(row)]);
    targets.clear();
    auto row = rows.begin();
    for (std::int32_t m = 0; m < sequence.count; ++m) {
      const tree_target& target =
          batch.targets[static_cast<std::size_t>(sequence.first_target + m)];
      row = std::find(row, rows.end(), target.row);
      targets.push_back(static_cast<std::size_t>(row - rows.begin()) + 1);
    }
    visit(sequence_path{sequence, tokens, rows, targets});
  }
}

}  // namespace prefopt::inline v0_2
