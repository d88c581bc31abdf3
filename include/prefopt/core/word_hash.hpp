// SPDX-License-Identifier: MIT
#pragma once
// word_hash: one number for many, to tell whether two lists of numbers are the same. It guards
// against mistakes, not against deliberate collisions.

#include <bit>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// FNV-1a over 64-bit words, with the upper half folded down after each; otherwise the low bits
/// would never depend on it. It guards against mistakes, not against someone who searches for a
/// collision.
class word_hash {
 public:
  template <std::integral Word>
  constexpr void add(Word number) {
    const auto word = static_cast<std::uint64_t>(number);
    hash_ = (hash_ ^ word) * 0x100000001b3;
    hash_ ^= hash_ >> 32;
  }
  constexpr void add(double number) { add(std::bit_cast<std::uint64_t>(number)); }
  constexpr void add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (const char letter : text)
      add(static_cast<std::uint64_t>(static_cast<unsigned char>(letter)));
  }
  /// Never 0, which means "unknown".
  [[nodiscard]] constexpr std::uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace detail

}  // namespace prefopt::inline v0_2
