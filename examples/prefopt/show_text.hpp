// SPDX-License-Identifier: MIT
#pragma once
// What `prefopt show` prints for people to read.

#include <cstddef>
#include <string>

#include "data.hpp"

namespace program {

/// An example with its number, from 1: the texts of prompt and responses with the targets in
/// colours, token by token, or between ⟦ and ⟧ without colours; the token ids below each.
[[nodiscard]] std::string text_of(const prefopt::tokenized_example& example, std::size_t number,
                                  const run_data& data, bool coloured);

/// Lengths in tokens of prompts, responses and of examples (a prompt and its longest response): a
/// table of quantiles, a histogram of the last, and the share of examples that each --max-length
/// would cut. `limit`: the one that applies.
[[nodiscard]] std::string lengths_of(const data_set& data, std::size_t limit);

}  // namespace program
