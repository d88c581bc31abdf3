// SPDX-License-Identifier: MIT
#pragma once
// Builds a prefix_tree_batch from sequences in sharing_order. The tokens that a sequence does not
// share with its predecessor become the next rows, which gives preorder; a node ends at a row that
// gets a second continuation.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/data/packable_sequence.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"

namespace prefopt::inline v0_2::detail {

class prefix_forest {
 public:
  /// Lays out sequences and targets in the order of the input, which must outlive the forest;
  /// `add` fills in their rows.
  explicit prefix_forest(std::span<const packable_sequence> sequences) : sequences_(sequences) {
    std::int32_t targets = 0;
    for (const packable_sequence& sequence : sequences) {
      std::int32_t count = 0;
      for_each_target_run(sequence, [&](std::size_t begin, std::size_t end) {
        count += static_cast<std::int32_t>(end - begin);
      });
      batch_.sequences.push_back({sequence.example, sequence.response_index, targets, count, 0});
      targets += count;
    }
    batch_.targets.resize(static_cast<std::size_t>(targets));
  }

  /// Adds sequence s of the input, with its `tokens` from the root on. `shared`: how many of them
  /// the previous sequence also has.
  void add(std::size_t s, std::span<const token_id> tokens, std::size_t shared) {
    path_.resize(shared);
    const std::int32_t above = shared == 0 ? -1 : path_.back();
    for (std::size_t depth = shared; depth < tokens.size(); ++depth) append(tokens[depth], depth);
    if (shared < tokens.size()) leave(above, path_[shared]);

    tree_sequence& sequence = batch_.sequences[s];
    sequence.last_row = path_.back();
    auto target = batch_.targets.begin() + sequence.first_target;
    for_each_target_run(sequences_[s], [&](std::size_t begin, std::size_t end) {
      for (std::size_t depth = begin; depth < end; ++depth)
        *target++ = {path_[depth - 1], tokens[depth]};
    });
  }

  [[nodiscard]] prefix_tree_batch finish() && {
    make_nodes();
    std::vector<bool> read(batch_.tokens.size());
    for (const tree_target& target : batch_.targets)
      read[static_cast<std::size_t>(target.row)] = true;
    for (std::size_t row = 0; row < read.size(); ++row)
      if (read[row]) batch_.rows.push_back(static_cast<std::int32_t>(row));
    return std::move(batch_);
  }

 private:
  void append(token_id token, std::size_t depth) {
    const auto row = static_cast<std::int32_t>(batch_.tokens.size());
    batch_.tokens.push_back(token);
    batch_.positions.push_back(static_cast<std::int32_t>(depth));
    above_.push_back(row - 1);
    begins_node_.push_back(false);
    path_.push_back(row);
  }

  /// Attaches the run that begins at `row` below row `above`. If it continues where the last run
  /// ended, both are one.
  void leave(std::int32_t above, std::int32_t row) {
    const auto at = static_cast<std::size_t>(row);
    above_[at] = above;
    if (above >= 0 && above == row - 1) return;
    begins_node_[at] = true;
    // the first continuation
    if (above >= 0) begins_node_[static_cast<std::size_t>(above) + 1] = true;
  }

  void make_nodes() {
    const auto count = static_cast<std::int32_t>(batch_.tokens.size());
    std::vector<std::int32_t> node_of(batch_.tokens.size());
    for (std::int32_t row = 0; row < count; ++row) {
      const auto at = static_cast<std::size_t>(row);
      if (begins_node_[at]) {
        const std::int32_t parent =
            above_[at] < 0 ? -1 : node_of[static_cast<std::size_t>(above_[at])];
        if (!batch_.nodes.empty()) batch_.nodes.back().end = row;
        batch_.nodes.push_back({parent, row, count, 0});
      }
      node_of[at] = static_cast<std::int32_t>(batch_.nodes.size()) - 1;
    }
    // Children come after their parent, so going backward each node is complete before its parent
    // uses it.
    for (std::size_t n = batch_.nodes.size(); n-- > 0;) {
      tree_node& node = batch_.nodes[n];
      node.subtree_end = std::max(node.subtree_end, node.end);
      if (node.parent < 0) continue;
      tree_node& parent = batch_.nodes[static_cast<std::size_t>(node.parent)];
      parent.subtree_end = std::max(parent.subtree_end, node.subtree_end);
    }
  }

  std::span<const packable_sequence> sequences_;
  prefix_tree_batch batch_;
  std::vector<std::int32_t> path_;   // rows of the sequence added last, by position
  std::vector<std::int32_t> above_;  // [N] the row before each, -1 at a root
  std::vector<bool> begins_node_;    // [N]
};

}  // namespace prefopt::inline v0_2::detail
