// SPDX-License-Identifier: MIT
#pragma once
// Byte-pair encoding of one word: as long as neighbors can merge, the pair with the smallest rank
// merges, the leftmost first (Sennrich et al. 2016, arXiv:1508.07909). Short words are scanned,
// which is fastest for them; long ones keep their pairs in a heap or in buckets, so that a word of
// a megabyte costs n log n instead of n squared.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <span>
#include <tuple>
#include <vector>

#include "prefopt/data/example.hpp"
#include "prefopt/tokenizers/detail/linked_word.hpp"
#include "prefopt/tokenizers/detail/merge_buckets.hpp"
#include "prefopt/tokenizers/merge_table.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

inline constexpr std::size_t scanned_word = 48;  // symbols; about where the heap overtakes the scan
inline constexpr std::size_t heaped_word = 4096;  // about where the buckets overtake the heap

/// merge_word for at most `scanned_word` symbols.
inline void merge_by_scan(std::span<const token_id> word, const merge_table& merges,
                          token_ids& out) {
  std::array<token_id, scanned_word> tokens;
  std::array<token_merge, scanned_word> pairs;  // pairs[i] joins tokens i and i + 1
  std::size_t count = word.size();
  std::ranges::copy(word, tokens.begin());
  for (std::size_t i = 0; i + 1 < count; ++i) pairs[i] = merges.find(tokens[i], tokens[i + 1]);
  while (count > 1) {
    const auto last = pairs.begin() + static_cast<std::ptrdiff_t>(count - 1);
    const auto best = std::ranges::min_element(pairs.begin(), last, {}, &token_merge::rank);
    if (best->rank == token_merge::never) break;
    const auto at = static_cast<std::size_t>(best - pairs.begin());
    tokens[at] = best->token;
    std::move(tokens.begin() + static_cast<std::ptrdiff_t>(at) + 2,
              tokens.begin() + static_cast<std::ptrdiff_t>(count),
              tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    std::move(best + 1, last, best);
    --count;
    if (at > 0) pairs[at - 1] = merges.find(tokens[at - 1], tokens[at]);
    if (at + 1 < count) pairs[at] = merges.find(tokens[at], tokens[at + 1]);
  }
  out.insert(out.end(), tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count));
}

/// A word with a heap of the pairs that may still merge.
class merge_heap {
 public:
  merge_heap(std::span<const token_id> word, const merge_table& merges)
      : merges_(merges), word_(word) {
    for (std::uint32_t i = 0; i + 1 < word_.size(); ++i) push(i);
  }

  void run(token_ids& out) {
    while (!heap_.empty()) {
      const candidate best = heap_.top();
      heap_.pop();
      if (stands(best)) word_.join(best.left, best.merged, [&](std::uint32_t i) { push(i); });
    }
    word_.append_to(out);
  }

 private:
  struct candidate {
    std::uint32_t rank;
    std::uint32_t left;   // index of the pair's first symbol
    std::uint32_t right;  // and of its second
    token_id merged;
    bool operator>(const candidate& other) const {
      return std::tie(rank, left) > std::tie(other.rank, other.left);
    }
  };

  void push(std::uint32_t left) {
    const std::uint32_t right = word_.next(left);
    const token_merge merge = merges_.find(word_[left], word_[right]);
    if (merge.rank != token_merge::never) heap_.push({merge.rank, left, right, merge.token});
  }

  /// Whether neither side of the pair has changed since it was pushed: every pair has its own rank,
  /// and removed symbols merge with nothing.
  [[nodiscard]] bool stands(const candidate& pair) const {
    return merges_.find(word_[pair.left], word_[pair.right]).rank == pair.rank;
  }

  const merge_table& merges_;
  linked_word word_;
  std::priority_queue<candidate, std::vector<candidate>, std::greater<>> heap_;
};

}  // namespace detail

/// Appends the merged tokens of one word (fewer than 2^32 ids) to `out`. Cost: n log n for long
/// words.
inline void merge_word(std::span<const token_id> word, const merge_table& merges, token_ids& out) {
  if (word.size() <= detail::scanned_word)
    detail::merge_by_scan(word, merges, out);
  else if (word.size() <= detail::heaped_word)
    detail::merge_heap(word, merges).run(out);
  else
    detail::merge_buckets(word, merges).run(out);
}

}  // namespace prefopt::inline v0_2
