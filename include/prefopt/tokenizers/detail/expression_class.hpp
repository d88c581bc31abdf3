// SPDX-License-Identifier: MIT
#pragma once
// expression_class: a set of characters as an expression names them ([a-z\p{L}], \s, \P{N}),
// spelled for PCRE2 with the classes of unicode_classes.hpp.

#include <cstddef>
#include <string>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// A union of items and of complements of items, all in the spelling of a bracket expression.
struct expression_class {
  std::string items;
  std::vector<std::string> complements;  ///< each: all characters that are not among its items
  bool negated = false;

  /// An expression that matches one character. A bracket expression cannot hold a complement of
  /// listed code points, so those become alternatives or look-aheads.
  [[nodiscard]] std::string spelled() const {
    if (complements.empty()) return (negated ? "[^" : "[") + items + "]";
    if (complements.size() == 1 && items.empty())
      return (negated ? "[" : "[^") + complements[0] + "]";
    std::string text = "(?:";
    if (!negated) {
      if (!items.empty()) text += "[" + items + "]|";
      for (const std::string& each : complements) text += "[^" + each + "]|";
      text.back() = ')';
      return text;
    }
    // Not in the union: in all that the complements leave out, and not among the items.
    if (!items.empty()) text += "(?![" + items + "])";
    for (std::size_t i = 1; i < complements.size(); ++i) text += "(?=[" + complements[i] + "])";
    return text + "[" + complements[0] + "])";
  }
};

}  // namespace prefopt::inline v0_2::detail
