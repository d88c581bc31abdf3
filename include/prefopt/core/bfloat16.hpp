// SPDX-License-Identifier: MIT
#pragma once
// bfloat16: the upper half of a float32 as a storage type. To compute with it, convert it.

#include <bit>
#include <cstdint>

#include "prefopt/core/host_device.hpp"

namespace prefopt::inline v0_2 {

/// 1 sign, 8 exponent and 7 fraction bits. Every value is exactly a float. A float is rounded to
/// nearest, ties to even; beyond the greatest value it becomes infinity; NaN stays NaN.
class bfloat16 {
 public:
  bfloat16() = default;
  PREFOPT_HOST_DEVICE explicit constexpr bfloat16(float value)
      : bits_(round(std::bit_cast<std::uint32_t>(value))) {}

  [[nodiscard]] PREFOPT_HOST_DEVICE static constexpr bfloat16 from_bits(std::uint16_t bits) {
    bfloat16 value{};
    value.bits_ = bits;
    return value;
  }
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr std::uint16_t bits() const { return bits_; }

  PREFOPT_HOST_DEVICE explicit constexpr operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits_) << 16);
  }

 private:
  [[nodiscard]] PREFOPT_HOST_DEVICE static constexpr std::uint16_t round(std::uint32_t x) {
    // a quiet NaN
    if ((x & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(x >> 16 | 0x40u);
    return static_cast<std::uint16_t>((x + 0x7fffu + (x >> 16 & 1u)) >> 16);
  }

  std::uint16_t bits_;
};

}  // namespace prefopt::inline v0_2
