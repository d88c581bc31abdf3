// SPDX-License-Identifier: MIT
#pragma once
// chat_limits: how much work a chat template may make.

#include <cstddef>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Bounds on one template and one rendering. A template comes from whoever uploaded the model.
struct chat_limits {
  std::size_t source_bytes = std::size_t{1} << 20;
  std::size_t nesting = 100;                 ///< of blocks and expressions in the source
  std::size_t steps = std::size_t{1} << 24;  ///< operations, items, and 16 bytes of text each
  std::size_t output_bytes = std::size_t{64} << 20;  ///< of the result and of any text on the way
  std::size_t depth = 400;                           ///< of evaluation, through macros too
};

}  // namespace prefopt::inline v0_2
