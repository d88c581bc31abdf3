// SPDX-License-Identifier: MIT
#pragma once
// safetensors_bytes: a safetensors file written out by hand, so that tests can write invalid ones.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace prefopt_test {

/// `length` as the format's first eight bytes.
inline std::string length_bytes(std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return length_bytes(header.size()).append(header).append(data);
}

}  // namespace prefopt_test
