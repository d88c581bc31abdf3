// SPDX-License-Identifier: MIT
#pragma once
// The spelling of bytes in GPT-2's vocabulary files: each byte is one printable character, so that
// any token is a JSON string. The 188 bytes that are printable in Latin-1 represent themselves; the
// other 68 are, in order, U+0100 and the characters after it (the space, 0x20, is U+0120). Radford
// et al. 2019, section 2.2.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// Whether a byte is spelled as its own Latin-1 character.
[[nodiscard]] constexpr bool spells_itself(unsigned byte) {
  return (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
}

/// The 256 bytes in the order of GPT-2's vocabulary: those that spell themselves, then the others.
[[nodiscard]] constexpr std::array<std::uint8_t, 256> gpt2_byte_order() {
  std::array<std::uint8_t, 256> order{};
  std::size_t count = 0;
  for (const bool expected : {true, false}) {
    for (unsigned byte = 0; byte < 256; ++byte)
      if (spells_itself(byte) == expected) order[count++] = static_cast<std::uint8_t>(byte);
  }
  return order;
}

namespace detail {

inline constexpr std::size_t symbol_end = 0x100 + 68;

struct byte_symbol_tables {
  std::array<std::uint16_t, 256> symbol_of{};      // byte -> code point
  std::array<std::int16_t, symbol_end> byte_of{};  // code point -> byte, -1 for none
};

constexpr byte_symbol_tables make_byte_symbol_tables() {
  byte_symbol_tables tables;
  tables.byte_of.fill(-1);
  std::uint16_t next = 0x100;
  for (std::uint16_t byte = 0; byte < 256; ++byte) {
    const std::uint16_t symbol = spells_itself(byte) ? byte : next++;
    tables.symbol_of[byte] = symbol;
    tables.byte_of[symbol] = static_cast<std::int16_t>(byte);
  }
  return tables;
}

inline constexpr byte_symbol_tables byte_symbols = make_byte_symbol_tables();

}  // namespace detail

/// The spelling of `bytes` in a vocabulary file, as UTF-8.
[[nodiscard]] inline std::string to_byte_symbols(std::string_view bytes) {
  std::string spelled;
  spelled.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    const unsigned symbol = detail::byte_symbols.symbol_of[static_cast<unsigned char>(byte)];
    if (symbol < 0x80) {
      spelled += static_cast<char>(symbol);
    } else {
      spelled += static_cast<char>(0xC0 | symbol >> 6);
      spelled += static_cast<char>(0x80 | (symbol & 0x3F));
    }
  }
  return spelled;
}

/// The bytes that `spelled` (UTF-8) represents; empty if a character represents no byte.
[[nodiscard]] inline std::optional<std::string> from_byte_symbols(std::string_view spelled) {
  std::string bytes;
  bytes.reserve(spelled.size());
  for (std::size_t at = 0; at < spelled.size(); ++at) {
    unsigned symbol = static_cast<unsigned char>(spelled[at]);
    if (symbol >= 0x80) {  // no symbol takes more than two bytes: all are below U+0144
      if ((symbol & 0xE0) != 0xC0 || ++at == spelled.size()) return std::nullopt;
      symbol = (symbol & 0x1F) << 6 | (static_cast<unsigned char>(spelled[at]) & 0x3F);
    }
    if (symbol >= detail::symbol_end || detail::byte_symbols.byte_of[symbol] < 0)
      return std::nullopt;
    bytes += static_cast<char>(detail::byte_symbols.byte_of[symbol]);
  }
  return bytes;
}

}  // namespace prefopt::inline v0_2
