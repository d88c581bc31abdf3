// SPDX-License-Identifier: MIT
#pragma once
// The order in which `pack` adds sequences: tree by tree, and within a tree sorted by tokens, so
// that a sequence shares the most with its predecessor.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/data/packable_sequence.hpp"

namespace prefopt::inline v0_2::detail {

/// Sequences of different examples share a prefix of at least this many tokens.
inline constexpr std::size_t shared_across_examples = 16;

/// Prompts and responses joined, one run of memory per sequence.
class flat_sequences {
 public:
  flat_sequences(std::span<const packable_sequence> sequences, std::size_t total) {
    tokens_.reserve(total);
    begins_.reserve(sequences.size() + 1);
    for (const packable_sequence& sequence : sequences) {
      begins_.push_back(tokens_.size());
      tokens_.insert(tokens_.end(), sequence.prompt.begin(), sequence.prompt.end());
      tokens_.insert(tokens_.end(), sequence.response.begin(), sequence.response.end());
    }
    begins_.push_back(tokens_.size());
  }

  [[nodiscard]] std::span<const token_id> tokens(std::size_t s) const {
    return std::span(tokens_).subspan(begins_[s], begins_[s + 1] - begins_[s]);
  }

 private:
  token_ids tokens_;
  std::vector<std::size_t> begins_;
};

[[nodiscard]] inline std::size_t common_prefix(std::span<const token_id> a,
                                               std::span<const token_id> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Sets of sequences in the same tree; a set is named by its smallest member.
class sequence_sets {
 public:
  explicit sequence_sets(std::size_t count) : parents_(count) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }

  [[nodiscard]] std::size_t find(std::size_t s) {
    while (parents_[s] != s) s = parents_[s] = parents_[parents_[s]];
    return s;
  }

  void unite(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parents_;
};

/// A sequence, and how many of its first tokens are already in the tree when it is added.
struct sharing_step {
  std::size_t sequence;
  std::size_t shared;
};

/// Puts sequences of the same tree into one set. `order`: all sequences, sorted by tokens.
[[nodiscard]] inline sequence_sets make_trees(std::span<const packable_sequence> sequences,
                                              const flat_sequences& flat,
                                              std::span<const std::size_t> order) {
  sequence_sets trees(sequences.size());
  // Any sequence sorted between two shares their common prefix, so comparing neighbors is enough.
  for (std::size_t i = 1; i < order.size(); ++i)
    if (common_prefix(flat.tokens(order[i - 1]), flat.tokens(order[i])) >= shared_across_examples)
      trees.unite(order[i - 1], order[i]);
  std::vector<std::size_t> by_example(order.begin(), order.end());
  const auto example = [&](std::size_t s) { return sequences[s].example; };
  std::ranges::sort(by_example, {}, example);
  for (std::size_t i = 1; i < by_example.size(); ++i)
    if (example(by_example[i - 1]) == example(by_example[i]))
      trees.unite(by_example[i - 1], by_example[i]);
  return trees;
}

/// Trees in the order of their first sequence; within a tree by tokens, equal sequences in input
/// order.
[[nodiscard]] inline std::vector<sharing_step> sharing_order(
    std::span<const packable_sequence> sequences, const flat_sequences& flat) {
  std::vector<std::size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::ranges::lexicographical_compare(flat.tokens(a), flat.tokens(b));
  });
  sequence_sets trees = make_trees(sequences, flat, order);
  std::ranges::stable_sort(order, {}, [&](std::size_t s) { return trees.find(s); });

  std::vector<sharing_step> steps;
  steps.reserve(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool same_tree = i > 0 && trees.find(order[i - 1]) == trees.find(order[i]);
    steps.push_back({order[i], same_tree
                                   ? common_prefix(flat.tokens(order[i - 1]), flat.tokens(order[i]))
                                   : 0});
  }
  return steps;
}

}  // namespace prefopt::inline v0_2::detail
