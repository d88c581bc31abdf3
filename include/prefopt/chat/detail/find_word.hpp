// SPDX-License-Identifier: MIT
#pragma once
// find_word: looks for a name in a text.

#include <cstddef>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// Where a name begins that is no part of a longer one.
[[nodiscard]] inline std::size_t find_word(std::string_view text, std::string_view name,
                                           std::size_t from) {
  const auto in_a_name = [&](std::size_t at) {
    const char c = at < text.size() ? text[at] : ' ';
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  for (; (from = text.find(name, from)) != text.npos; ++from)
    if ((from == 0 || !in_a_name(from - 1)) && !in_a_name(from + name.size())) return from;
  return text.npos;
}

}  // namespace prefopt::inline v0_2::detail
