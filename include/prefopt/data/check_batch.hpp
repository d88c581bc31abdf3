// SPDX-License-Identifier: MIT
#pragma once
// check(batch): validates a batch before a model trusts its indices. Cost: O(N + M) for N
// tokens and M targets, negligible next to a model's work.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::inline v0_2 {

/// The limits of what a model can read.
struct batch_bounds {
  std::size_t vocabulary_size;
  /// tokens from root to leaf, the model's context
  std::size_t positions = static_cast<std::size_t>(-1);
};

namespace detail {

/// The parent of node n > 0 in preorder: going up from the previous node, the first one whose
/// subtree is still open.
[[nodiscard]] inline std::int32_t open_node_before(const prefix_tree_batch& batch, std::size_t n) {
  auto at = static_cast<std::int32_t>(n) - 1;
  while (at >= 0 && batch.nodes[static_cast<std::size_t>(at)].subtree_end <= batch.nodes[n].begin)
    at = batch.nodes[static_cast<std::size_t>(at)].parent;
  return at;
}

/// Checks that nodes tile the rows, and that a node's subtree is the node directly followed by the
/// nodes below it.
inline void check_nodes(const prefix_tree_batch& batch) {
  const auto rows = static_cast<std::int32_t>(batch.tokens.size());
  std::int32_t at = 0;
  for (std::size_t n = 0; n < batch.nodes.size(); ++n) {
    const tree_node& node = batch.nodes[n];
    if (node.begin != at || node.end <= node.begin || node.subtree_end < node.end) {
      throw shape_error(concat("batch: node ", n, " is [", node.begin, ", ", node.end,
                               ") with its subtree up to ", node.subtree_end,
                               ", expected a run that begins at ", at));
    }
    const std::int32_t parent = n == 0 ? -1 : open_node_before(batch, n);
    if (node.parent != parent) {
      throw shape_error(concat("batch: node ", n, " has parent ", node.parent,
                               ", but lies in the subtree of ", parent));
    }
    const std::int32_t room =
        parent < 0 ? rows : batch.nodes[static_cast<std::size_t>(parent)].subtree_end;
    if (node.subtree_end > room) {
      throw shape_error(concat("batch: the subtree of node ", n, " ends at ", node.subtree_end,
                               ", beyond the ", room, ", where its enclosing range ends"));
    }
    at = node.end;
  }
  if (at != rows) throw shape_error(concat("batch: nodes cover ", at, " rows of ", rows));
}

/// Checks positions; returns the row above each row, -1 at a root. [N]
[[nodiscard]] inline std::vector<std::int32_t> rows_above(const prefix_tree_batch& batch) {
  if (batch.positions.size() != batch.tokens.size()) {
    throw shape_error(concat("batch: ", batch.positions.size(), " positions for ",
                             batch.tokens.size(), " tokens"));
  }
  std::vector<std::int32_t> above(batch.tokens.size());
  for (const tree_node& node : batch.nodes) {
    std::int32_t last =
        node.parent < 0 ? -1 : batch.nodes[static_cast<std::size_t>(node.parent)].end - 1;
    for (std::int32_t row = node.begin; row < node.end; last = row++) {
      const std::int32_t expected =
          last < 0 ? 0 : batch.positions[static_cast<std::size_t>(last)] + 1;
      if (batch.positions[static_cast<std::size_t>(row)] != expected) {
        throw shape_error(concat("batch: row ", row, " has position ",
                                 batch.positions[static_cast<std::size_t>(row)], ", expected ",
                                 expected));
      }
      above[static_cast<std::size_t>(row)] = last;
    }
  }
  return above;
}

/// Checks that each sequence's targets are tokens of its path in its order, predicted from the rows
/// above.
inline void check_targets(const prefix_tree_batch& batch, const std::vector<std::int32_t>& above) {
  std::size_t end = 0;
  for (std::size_t s = 0; s < batch.sequences.size(); ++s) {
    const tree_sequence& sequence = batch.sequences[s];
    if (sequence.last_row < 0 || std::cmp_greater_equal(sequence.last_row, above.size()) ||
        sequence.count < 0 ||
        sequence.count > batch.positions[static_cast<std::size_t>(sequence.last_row)] ||
        std::cmp_not_equal(sequence.first_target, end) ||
        batch.targets.size() - end < static_cast<std::size_t>(sequence.count)) {
      throw shape_error(concat("batch: sequence ", s, " ends at row ", sequence.last_row,
                               " with targets from ", sequence.first_target, ", ", sequence.count,
                               " of them; expected a row below ", above.size(), ", targets from ",
                               end, " on, of ", batch.targets.size(),
                               ", and no more than the tokens after its first"));
    }
    end += static_cast<std::size_t>(sequence.count);
    std::int32_t row = sequence.last_row;
    for (std::size_t m = end; m-- > static_cast<std::size_t>(sequence.first_target);) {
      const tree_target& target = batch.targets[m];
      const std::int32_t below = row;
      const auto row_above = [&] { return above[static_cast<std::size_t>(row)]; };
      while (row >= 0 && row_above() > target.row) row = row_above();
      if (target.row < 0 || row < 0 || row_above() != target.row ||
          batch.tokens[static_cast<std::size_t>(row)] != target.token) {
        throw shape_error(concat("batch: target ", m, " is token ", target.token, " at row ",
                                 target.row, ", expected a row above row ", below,
                                 " on the path to row ", sequence.last_row,
                                 ", with the token that follows it there"));
      }
      row = target.row;
    }
  }
  if (end != batch.targets.size())
    throw shape_error(concat("batch: sequences have ", end, " targets of ", batch.targets.size()));
}

inline void check_rows(const prefix_tree_batch& batch) {
  std::vector<bool> read(batch.tokens.size());
  std::size_t count = 0;
  for (const tree_target& target : batch.targets) {
    if (read[static_cast<std::size_t>(target.row)]) continue;
    read[static_cast<std::size_t>(target.row)] = true;
    ++count;
  }
  std::int32_t last = -1;
  for (const std::int32_t row : batch.rows) {
    if (row <= last || std::cmp_greater_equal(row, read.size()) ||
        !read[static_cast<std::size_t>(row)]) {
      throw shape_error(concat("batch: row ", row, " after row ", last,
                               ", expected the rows of targets, ascending"));
    }
    last = row;
  }
  if (batch.rows.size() != count)
    throw shape_error(
        concat("batch: ", batch.rows.size(), " rows for targets at ", count, " rows"));
}

}  // namespace detail

/// Throws shape_error, naming the location, unless `pack` could have made the batch.
inline void check(const prefix_tree_batch& batch) {
  detail::check_nodes(batch);
  detail::check_targets(batch, detail::rows_above(batch));
  detail::check_rows(batch);
}

/// The same; also throws value_error for a token id or a position that the model does not have.
inline void check(const prefix_tree_batch& batch, const batch_bounds& bounds) {
  check(batch);
  for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
    if (batch.tokens[row] < 0 ||
        std::cmp_greater_equal(batch.tokens[row], bounds.vocabulary_size)) {
      throw value_error(concat("batch: token id ", batch.tokens[row], " at row ", row,
                               ", expected one below ", bounds.vocabulary_size));
    }
    if (std::cmp_greater_equal(batch.positions[row], bounds.positions)) {
      throw value_error(concat("batch: a sequence of ", batch.positions[row] + 1,
                               " tokens or more, expected at most ", bounds.positions));
    }
  }
}

}  // namespace prefopt::inline v0_2
