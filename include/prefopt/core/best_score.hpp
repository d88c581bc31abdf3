// SPDX-License-Identifier: MIT
#pragma once
// best_score: which of some scored things is the best.

#include <cmath>
#include <cstddef>

#include "prefopt/version.hpp"

namespace prefopt {

/// The index of the greatest of `count` scores, of equal ones the first; `count` where there is
/// none. `score(i)` is the i-th; what is not a number is no score.
template <class Score>
[[nodiscard]] std::size_t best_score(std::size_t count, const Score& score) {
  std::size_t best = count;
  for (std::size_t i = 0; i < count; ++i)
    if (!std::isnan(score(i)) && (best == count || score(i) > score(best))) best = i;
  return best;
}

}  // namespace prefopt
