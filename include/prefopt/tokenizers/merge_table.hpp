// SPDX-License-Identifier: MIT
#pragma once
// merge_table: which two adjacent tokens merge into which, and how early. Open addressing with
// linear probing at a load of at most one half: a lookup is the tokenizer's innermost step. Memory
// is proportional to the number of distinct pairs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// The result of merging two neighbors. The smaller the rank, the earlier.
struct token_merge {
  static constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t rank = never;
  token_id token = -1;
};

/// Merges, indexed by the pair of ids that they join.
class merge_table {
 public:
  /// Adds a merge; an existing pair takes the new rank. All ids must be >= 0.
  void insert(token_id left, token_id right, token_merge merge) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    slot& found = slots_[find_slot(key(left, right))];
    if (found.key == no_key) ++size_;
    found = {key(left, right), merge};
  }

  /// A merge and the two ids that it joins.
  struct entry {
    token_id left;
    token_id right;
    token_merge merge;
  };

  /// All merges, earliest first.
  [[nodiscard]] std::vector<entry> in_order() const {
    std::vector<entry> entries;
    entries.reserve(size_);
    for (const slot& full : slots_) {
      if (full.key == no_key) continue;
      entries.push_back({static_cast<token_id>(full.key >> 32),
                         static_cast<token_id>(static_cast<std::uint32_t>(full.key)), full.merge});
    }
    std::ranges::sort(entries, {}, [](const entry& each) { return each.merge.rank; });
    return entries;
  }

  /// The merge of `left` and `right`, or one of rank `never`.
  [[nodiscard]] token_merge find(token_id left, token_id right) const {
    return slots_[find_slot(key(left, right))].merge;
  }

 private:
  static constexpr std::uint64_t no_key = ~std::uint64_t{0};  // not a pair's: ids are not negative

  struct slot {
    std::uint64_t key = no_key;
    token_merge merge;
  };

  [[nodiscard]] static std::uint64_t key(token_id left, token_id right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }

  /// The slot of the key, or the one where it would go.
  [[nodiscard]] std::size_t find_slot(std::uint64_t expected) const {
    // Multiplying by 2^64 / phi spreads both ids over the upper bits (Knuth, volume 3,
    // section 6.4).
    const std::uint64_t mixed = (expected ^ expected >> 29) * 0x9E3779B97F4A7C15u;
    std::size_t position = (mixed ^ mixed >> 32) & (slots_.size() - 1);
    while (slots_[position].key != expected && slots_[position].key != no_key)
      position = (position + 1) & (slots_.size() - 1);
    return position;
  }

  void grow() {
    std::vector<slot> before(2 * slots_.size());
    before.swap(slots_);
    for (const slot& full : before)
      if (full.key != no_key) slots_[find_slot(full.key)] = full;
  }

  std::vector<slot> slots_ = std::vector<slot>(2);  // their number is a power of two
  std::size_t size_ = 0;
};

}  // namespace prefopt::inline v0_2
