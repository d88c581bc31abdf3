// SPDX-License-Identifier: MIT
#pragma once
// best_score: finds the best of several scored items.

#include <cmath>
#include <cstddef>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// The index of the greatest of `count` scores, the first among equals; `count` if there is none.
/// `score(i)` is the i-th; a NaN is not a score.
template <class Score>
[[nodiscard]] std::size_t best_score(std::size_t count, const Score& score) {
  std::size_t best = count;
  for (std::size_t i = 0; i < count; ++i)
    if (!std::isnan(score(i)) && (best == count || score(i) > score(best))) best = i;
  return best;
}

}  // namespace prefopt::inline v0_2
