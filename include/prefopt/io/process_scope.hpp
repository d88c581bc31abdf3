// SPDX-License-Identifier: MIT
#pragma once
// process_scope: the scope in which process ids are unique. Two processes can look each other up by
// id only if they run on the same computer since its last boot and in the same container.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// This computer's name, for messages; "an unknown host" if it has none.
[[nodiscard]] inline std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "an unknown host";
  return name.data();
}

namespace detail {

[[nodiscard]] inline std::string make_process_scope() {
  std::string boot = host_name();  // if the kernel has nothing better
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::error_code ignored;
  const std::string text =
      boot + std::filesystem::read_symlink("/proc/self/ns/pid", ignored).native();
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[hash >> shift & 15];
  return digits;
}

}  // namespace detail

/// 16 hexadecimal digits that identify this computer, its last boot, and this container.
[[nodiscard]] inline const std::string& process_scope() {
  static const std::string scope = detail::make_process_scope();
  return scope;
}

}  // namespace prefopt::inline v0_2
