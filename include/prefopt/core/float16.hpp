// SPDX-License-Identifier: MIT
#pragma once
// float16: IEEE 754's binary16 as a storage type. To compute with it, convert it.

#include <algorithm>
#include <bit>
#include <cstdint>

#include "prefopt/core/host_device.hpp"

namespace prefopt::inline v0_2 {

/// 1 sign, 5 exponent and 10 fraction bits. Every value is exactly a float. A float is rounded to
/// nearest, ties to even; from 65520 up it becomes infinity; NaN stays NaN.
class float16 {
 public:
  float16() = default;
  PREFOPT_HOST_DEVICE explicit constexpr float16(float value)
      : bits_(round(std::bit_cast<std::uint32_t>(value))) {}

  [[nodiscard]] PREFOPT_HOST_DEVICE static constexpr float16 from_bits(std::uint16_t bits) {
    float16 value{};
    value.bits_ = bits;
    return value;
  }
  [[nodiscard]] PREFOPT_HOST_DEVICE constexpr std::uint16_t bits() const { return bits_; }

  PREFOPT_HOST_DEVICE explicit constexpr operator float() const {
    const std::uint32_t exponent = bits_ >> 10 & 0x1fu;
    const std::uint32_t fraction = bits_ & 0x3ffu;
    // the exponent's bias grows from 15 to 127
    std::uint32_t magnitude = (exponent + 112) << 23 | fraction << 13;
    if (exponent == 0)
      magnitude = std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24f);
    if (exponent == 0x1f) magnitude = 0x7f800000u | fraction << 13;
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits_ & 0x8000u) << 16 | magnitude);
  }

 private:
  [[nodiscard]] PREFOPT_HOST_DEVICE static constexpr std::uint16_t round(std::uint32_t x) {
    const std::uint32_t sign = x >> 16 & 0x8000u;
    const std::uint32_t magnitude = x & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
      return static_cast<std::uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    // 65520 and up
    if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);
    // normal: 2^-14 and up
    if (magnitude >= 0x38800000u)
      return static_cast<std::uint16_t>(sign | drop(magnitude - (112u << 23), 13));
    // Subnormal: a multiple of 2^-24. The fraction with its hidden bit is in units of 2^(exponent -
    // 150).
    const std::uint32_t shift = std::min(126u - (magnitude >> 23), 31u);
    return static_cast<std::uint16_t>(sign | drop((magnitude & 0x7fffffu) | 0x800000u, shift));
  }

  /// x / 2^count, rounded to nearest, ties to even.
  [[nodiscard]] PREFOPT_HOST_DEVICE static constexpr std::uint32_t drop(std::uint32_t x,
                                                                        std::uint32_t count) {
    return (x + (1u << (count - 1)) - 1 + (x >> count & 1u)) >> count;
  }

  std::uint16_t bits_;
};

}  // namespace prefopt::inline v0_2
