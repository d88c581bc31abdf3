// SPDX-License-Identifier: MIT
#pragma once
// The input of `pack`: one prompt with one response, and which example they belong to.

#include <cstddef>
#include <cstdint>
#include <span>

#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

/// A prompt and one response to it. The spans point to tokens owned elsewhere.
struct packable_sequence {
  std::int32_t example = 0;         ///< which example of the data set
  std::int32_t response_index = 0;  ///< which response of that example
  std::span<const token_id> prompt;
  std::span<const token_id> response;

  [[nodiscard]] std::size_t size() const { return prompt.size() + response.size(); }
};

}  // namespace prefopt::inline v0_2
