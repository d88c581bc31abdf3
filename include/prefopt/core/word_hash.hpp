// SPDX-License-Identifier: MIT
#pragma once
// word_hash: a number for many, to tell whether two lots of them are the same. It guards against
// mistakes, not against anyone who wants to be mistaken for another.

#include <bit>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt {

namespace detail {

/// FNV-1a by words of 64 bits, with the upper half folded down after each, or the low bits would
/// never see it. It guards against mistakes, not against somebody who looks for a collision.
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
  /// Never 0, which stands for "not known".
  [[nodiscard]] constexpr std::uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace detail

}  // namespace prefopt
