// SPDX-License-Identifier: MIT
#pragma once
// Texts of any bytes, in which what a tokenizer treats specially is frequent.

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "prefopt/tokenizers/normal_form.hpp"

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

/// Characters of every script, white space and marks more often. The generator of
/// tests/golden/tokenizers/make_golden.py, so both make the same texts.
inline std::string random_characters(random_numbers& numbers) {
  constexpr std::pair<std::uint32_t, std::uint32_t> kinds[] = {
      {0x20, 0x7E},     {0x20, 0x20},     {0x9, 0xD},         {0x30, 0x39},       {0x41, 0x7A},
      {0xA0, 0x17F},    {0x300, 0x36F},   {0x370, 0x52F},     {0x590, 0x6FF},     {0x700, 0x10FF},
      {0x1100, 0x11FF}, {0x1200, 0x1FFF}, {0x2000, 0x2BFF},   {0x2C00, 0x33FF},   {0x3400, 0x9FFF},
      {0xA000, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x1FFFF}, {0x20000, 0x323AF}, {0, 0x10FFFF}};
  std::string text;
  const std::size_t count = 1 + numbers.below(63);
  for (std::size_t i = 0; i < count; ++i) {
    const auto [first, last] = kinds[numbers.below(std::size(kinds))];
    auto c = first + static_cast<std::uint32_t>(numbers.below(last - first + 1));
    if (c >= 0xD800 && c < 0xE000) c = 0x2581;
    prefopt::detail::append_utf8(c, text);
  }
  return text;
}

}  // namespace prefopt_test
