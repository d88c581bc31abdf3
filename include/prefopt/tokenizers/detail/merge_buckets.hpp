// SPDX-License-Identifier: MIT
#pragma once
// merge_buckets: byte-pair encoding of a very long word. The pairs that may merge lie in one bucket
// for each rank, mostly in order, so that a word of ten megabytes of one letter reads its memory
// from front to back. The result is that of merge_heap.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/tokenizers/detail/linked_word.hpp"
#include "prefopt/tokenizers/merge_table.hpp"

namespace prefopt::inline v0_2::detail {

class merge_buckets {
 public:
  merge_buckets(std::span<const token_id> word, const merge_table& merges)
      : merges_(merges), word_(word) {
    for (std::uint32_t i = 0; i + 1 < word_.size(); ++i) push(i);
  }

  void run(token_ids& out) {
    while (!ranks_.empty()) {
      const std::uint32_t rank = ranks_.top();
      bucket& pairs = buckets_.at(rank);
      const std::optional<std::uint32_t> left = pairs.take();
      if (!left) {
        pairs.queued = false;
        ranks_.pop();
      } else if (word_[*left] == pairs.left && word_.next(*left) < word_.size() &&
                 word_[word_.next(*left)] == pairs.right) {
        word_.join(*left, pairs.merged, [&](std::uint32_t i) { push(i); });
      }
    }
    word_.append_to(out);
  }

 private:
  /// The locations of one pair of symbols; some may have changed since.
  struct bucket {
    token_id left;
    token_id right;
    token_id merged;
    bool queued = false;  // its rank is among ranks_
    std::size_t taken = 0;
    std::vector<std::uint32_t> ascending;
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> others;

    void put(std::uint32_t location) {
      if (taken == ascending.size()) {
        ascending.clear();
        taken = 0;
      }
      if (ascending.empty() || location > ascending.back())
        ascending.push_back(location);
      else
        others.push(location);
    }

    /// The leftmost location, removed.
    [[nodiscard]] std::optional<std::uint32_t> take() {
      const bool has_first = taken < ascending.size();
      if (!others.empty() && (!has_first || others.top() < ascending[taken])) {
        const std::uint32_t location = others.top();
        others.pop();
        return location;
      }
      return has_first ? std::optional(ascending[taken++]) : std::nullopt;
    }
  };

  void push(std::uint32_t left) {
    const token_id first = word_[left], second = word_[word_.next(left)];
    const token_merge merge = merges_.find(first, second);
    if (merge.rank == token_merge::never) return;
    bucket& pairs =
        buckets_.try_emplace(merge.rank, bucket{first, second, merge.token, false, 0, {}, {}})
            .first->second;
    pairs.put(left);
    if (!pairs.queued) ranks_.push(merge.rank);
    pairs.queued = true;
  }

  const merge_table& merges_;
  linked_word word_;
  std::unordered_map<std::uint32_t, bucket> buckets_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ranks_;
};

}  // namespace prefopt::inline v0_2::detail
