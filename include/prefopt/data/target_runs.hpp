// SPDX-License-Identifier: MIT
#pragma once
// Which tokens of a response are targets, the tokens that a loss scores: all of them, or runs of
// them, as in a dialogue in which only the assistant's turns count.

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// The tokens [begin, end) of a response.
struct token_run {
  std::size_t begin = 0;
  std::size_t end = 0;

  friend bool operator==(const token_run&, const token_run&) = default;
};

/// A response's targets: runs of at least one token, ascending, with no overlap.
using target_runs = std::vector<token_run>;

/// How many tokens they are.
[[nodiscard]] inline std::size_t count_of(std::span<const token_run> runs) {
  std::size_t count = 0;
  for (const token_run& run : runs) count += run.end - run.begin;
  return count;
}

/// Leaves those of a response's first `length` tokens.
inline void cut_runs(target_runs& runs, std::size_t length) {
  for (token_run& run : runs) run.end = std::min(run.end, length);
  std::erase_if(runs, [](const token_run& run) { return run.begin >= run.end; });
}

/// Throws value_error unless they are targets of a response of `length` tokens; `what` begins the
/// message.
inline void check_runs(std::span<const token_run> runs, std::size_t length, const auto&... what) {
  std::size_t from = 0;
  for (const token_run& run : runs) {
    if (run.begin < from || run.end <= run.begin || run.end > length)
      throw value_error(concat(what..., " has targets [", run.begin, ", ", run.end,
                               "), expected runs of at least one token, ascending, from ", from,
                               " on, of ", length, " tokens"));
    from = run.end;
  }
}

}  // namespace prefopt::inline v0_2
