// SPDX-License-Identifier: MIT
#pragma once
// Parses the names of temporary siblings: who created one, and its final name.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

inline constexpr std::string_view temporary_suffix = ".prefopt-tmp";

namespace detail {

/// The parts of a temporary's name.
struct temporary_name {
  std::string_view of;  ///< its final name
  std::string_view scope;
  ::pid_t process = 0;
  std::uint64_t count = 0;
};

/// Empty for a name that temporary_sibling does not create.
[[nodiscard]] inline std::optional<temporary_name> parse_temporary(std::string_view name) {
  if (!name.ends_with(temporary_suffix)) return std::nullopt;
  name.remove_suffix(temporary_suffix.size());
  const std::size_t dot = name.rfind('.'), last = name.rfind('-');
  const std::size_t first = name.find('-', dot == name.npos ? name.size() : dot);
  if (first == name.npos || first == last) return std::nullopt;
  temporary_name parts{name.substr(0, dot), name.substr(dot + 1, first - dot - 1)};
  const auto reads = [](std::string_view digits, auto& number) {
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return code == std::errc{} && end == digits.data() + digits.size();
  };
  if (!reads(name.substr(first + 1, last - first - 1), parts.process) || parts.process <= 0)
    return std::nullopt;
  if (!reads(name.substr(last + 1), parts.count)) return std::nullopt;
  return parts;
}

}  // namespace detail

/// A path with the final names of its temporaries, parent folders included, for messages: when one
/// is read, the temporary no longer exists.
[[nodiscard]] inline std::filesystem::path without_temporary_names(
    const std::filesystem::path& path) {
  std::filesystem::path named;
  for (const std::filesystem::path& part : path) {
    const auto temporary = detail::parse_temporary(part.native());
    named /= temporary ? std::filesystem::path(temporary->of) : part;
  }
  return named;
}

}  // namespace prefopt::inline v0_2
