// SPDX-License-Identifier: MIT
#pragma once
// Texts of any bytes, in which what a tokenizer treats specially is frequent.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace prefopt_test {

/// Numbers that are the same everywhere (xorshift64*).
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t seed) : state_(seed * 2 + 1) {}

  /// From 0 to bound - 1.
  std::size_t below(std::size_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::size_t>((state_ * 0x2545F4914F6CDD1Du >> 33) % bound);
  }

 private:
  std::uint64_t state_;
};

inline std::string random_text(random_numbers& numbers, std::size_t pieces) {
  using namespace std::string_view_literals;
  constexpr std::array known{"a"sv,        "the"sv,          " "sv,        "  "sv,
                             "\n"sv,       "'s"sv,           "9"sv,        "!"sv,
                             "\0"sv,       "\u00e9"sv,       "\u4e16"sv,   "\U0001f600"sv,
                             "\u180e"sv,   "\u2003"sv,       "\xff"sv,     "\xe4\xb8"sv,
                             "\xc0\xaf"sv, "\xed\xa0\x80"sv, "\xf4\x90"sv, "<|endoftext|>"sv,
                             "<|endof"sv,  "\u0120"sv,       "\x80"sv,     "ing"sv};
  std::string text;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t which = numbers.below(known.size() + 4);
    if (which < known.size())
      text += known[which];
    else
      text += static_cast<char>(numbers.below(256));
  }
  return text;
}

}  // namespace prefopt_test
