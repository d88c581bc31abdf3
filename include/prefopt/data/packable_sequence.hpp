// SPDX-License-Identifier: MIT
#pragma once
// The input of `pack`: one prompt with one response, and which example they belong to.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "prefopt/data/example.hpp"
#include "prefopt/data/target_runs.hpp"

namespace prefopt::inline v0_2 {

/// A prompt and one response to it. The spans point to tokens owned elsewhere.
struct packable_sequence {
  std::int32_t example = 0;         ///< which example of the data set
  std::int32_t response_index = 0;  ///< which response of that example
  std::span<const token_id> prompt;
  std::span<const token_id> response;
  /// which of the response's tokens are targets; nothing: all of them
  std::optional<std::span<const token_run>> targets = {};

  [[nodiscard]] std::size_t size() const { return prompt.size() + response.size(); }
};

namespace detail {

/// Calls visit(begin, end) for the runs of targets among a sequence's tokens, counted from the
/// root. Its very first token follows nothing, so nothing predicts it.
template <class Visitor>
void for_each_target_run(const packable_sequence& sequence, Visitor&& visit) {
  const std::size_t prompt = sequence.prompt.size();
  const auto add = [&](std::size_t begin, std::size_t end) {
    begin = std::max<std::size_t>(begin, 1);
    if (begin < end) visit(begin, end);
  };
  if (!sequence.targets) return add(prompt, sequence.size());
  for (const token_run& run : *sequence.targets) add(prompt + run.begin, prompt + run.end);
}

}  // namespace detail

}  // namespace prefopt::inline v0_2
