// SPDX-License-Identifier: MIT
#pragma once
// closest_name: the name that a misspelled one was probably meant to be.

#include <algorithm>
#include <array>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// The number of single characters to insert, remove, or replace, and of neighbors to exchange,
/// that turn one name into the other; each character is edited at most once ("optimal string
/// alignment"). Names of more than 64 bytes differ by their whole length. Cost: the product of
/// their lengths.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t longest = 64;
  if (a.size() > longest || b.size() > longest) return std::max(a.size(), b.size());
  using row = std::array<std::size_t, longest + 1>;
  row before{}, last{}, now{};  // distances of the beginnings of a, by the length of those of b
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before = last;
    last = now;
  }
  return last[b.size()];
}

/// The first of the names with the fewest edits; empty if that takes more than a third of the
/// name's characters, or more than three.
template <std::ranges::input_range Names>
[[nodiscard]] std::string closest_name(std::string_view name, const Names& names) {
  std::string closest;
  std::size_t least = std::min<std::size_t>(name.size() / 3, 3) + 1;
  for (const std::string_view one : names)
    if (const std::size_t edits = edit_distance(name, one); edits < least) {
      least = edits;
      closest = one;
    }
  return closest;
}

}  // namespace prefopt::inline v0_2
