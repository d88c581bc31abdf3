// SPDX-License-Identifier: MIT
#pragma once
// rendering: what a chat template makes of a conversation.

#include <string>
#include <vector>

#include "prefopt/data/text_range.hpp"

namespace prefopt::inline v0_2 {

/// A text, and which of its bytes the template marks as the assistant's own by
/// `{% generation %}`, in order; none if it has no such tags.
struct rendering {
  std::string text;
  std::vector<text_range> generated;

  friend bool operator==(const rendering&, const rendering&) = default;
};

}  // namespace prefopt::inline v0_2
