// SPDX-License-Identifier: MIT
#pragma once
// rendering: what a chat template makes of a conversation.

#include <cstddef>
#include <string>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// From `begin` to before `end`.
struct byte_range {
  std::size_t begin = 0, end = 0;

  friend bool operator==(const byte_range&, const byte_range&) = default;
};

/// A text, and which of its bytes the template marks as the assistant's own by
/// `{% generation %}`, in order; none if it has no such tags.
struct rendering {
  std::string text;
  std::vector<byte_range> generated;

  friend bool operator==(const rendering&, const rendering&) = default;
};

}  // namespace prefopt::inline v0_2
