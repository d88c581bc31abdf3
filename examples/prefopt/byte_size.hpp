// SPDX-License-Identifier: MIT
#pragma once
// Sizes of files on the command line: 5GB, 200MB, 1GiB, or a number of bytes.

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace program {

/// The bytes; nothing for a text that is no size, or for less than one byte. As in huggingface_hub,
/// GB is 10^9, and case does not matter; GiB is 2^30.
[[nodiscard]] inline std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
  struct unit {
    std::string_view name;
    double bytes;
  };
  static constexpr std::array units{unit{"", 1},
                                    unit{"B", 1},
                                    unit{"KB", 1e3},
                                    unit{"MB", 1e6},
                                    unit{"GB", 1e9},
                                    unit{"TB", 1e12},
                                    unit{"KIB", 1024},
                                    unit{"MIB", 1048576},
                                    unit{"GIB", 1073741824.0},
                                    unit{"TIB", 1099511627776.0}};
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) == 0)
    return std::nullopt;  // from_chars reads inf and nan
  double number = 0;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failure != std::errc()) return std::nullopt;
  std::string name;
  for (const char* c = end; c != text.data() + text.size(); ++c)
    if (*c != ' ') name += static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  for (const unit& one : units) {
    if (one.name != name) continue;
    const double bytes = number * one.bytes;
    if (bytes < 1 || bytes > 1e18) return std::nullopt;
    return static_cast<std::uint64_t>(bytes);
  }
  return std::nullopt;
}

}  // namespace program
