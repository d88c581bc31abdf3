// SPDX-License-Identifier: MIT
#pragma once
// linked_word: the symbols of a word while pairs of them merge. Merged symbols are skipped through
// links.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2::detail {

class linked_word {
 public:
  explicit linked_word(std::span<const token_id> word)
      : tokens_(word.begin(), word.end()), next_(word.size()), previous_(word.size()) {
    for (std::uint32_t i = 0; i < next_.size(); ++i) {
      next_[i] = i + 1;
      previous_[i] = i - 1;  // wraps to `none` for the first
    }
  }

  [[nodiscard]] std::size_t size() const { return next_.size(); }
  [[nodiscard]] token_id operator[](std::uint32_t i) const { return tokens_[i]; }
  /// The index of the next symbol; size() after the last.
  [[nodiscard]] std::uint32_t next(std::uint32_t i) const { return next_[i]; }

  /// Merges a symbol with the next, which becomes one that merges with nothing. Calls `push(i)` for
  /// each new pair, which begins at i.
  template <class Push>
  void join(std::uint32_t left, token_id merged, const Push& push) {
    const std::uint32_t right = next_[left];
    tokens_[left] = merged;
    tokens_[right] = gone;
    next_[left] = next_[right];
    if (next_[left] < next_.size()) {
      previous_[next_[left]] = left;
      push(left);
    }
    if (previous_[left] != none) push(previous_[left]);
  }

  void append_to(token_ids& out) const {
    for (std::uint32_t i = 0; i < next_.size(); i = next_[i]) out.push_back(tokens_[i]);
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr token_id gone = -1;

  token_ids tokens_;
  std::vector<std::uint32_t> next_;
  std::vector<std::uint32_t> previous_;
};

}  // namespace prefopt::inline v0_2::detail
