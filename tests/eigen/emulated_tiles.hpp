// SPDX-License-Identifier: MIT
#pragma once
// prefopt::detail::amx_unit in plain loops, so that its kernel can be tested on processors without
// AMX.

#include <bit>
#include <cstddef>
#include <cstdint>

namespace prefopt::tests {

class emulated_tiles {
 public:
  static void clear() {
    for (float& sum : sums_) sum = 0;
  }
  static void multiply(const std::uint32_t* left, std::size_t left_stride,
                       const std::uint32_t* right, std::size_t right_stride) {
    for (std::size_t i = 0; i < 32; ++i)
      for (std::size_t p = 0; p < 16; ++p)
        for (std::size_t j = 0; j < 32; ++j) {
          const std::uint32_t a = left[i * (left_stride / 4) + p],
                              b = right[p * (right_stride / 4) + j];
          sums_[32 * i + j] +=
              number(a << 16) * number(b << 16) + number(a & 0xffff0000U) * number(b & 0xffff0000U);
        }
  }
  static void store(float* to, std::size_t stride) {
    for (std::size_t i = 0; i < 32; ++i)
      for (std::size_t j = 0; j < 32; ++j) to[i * (stride / 4) + j] = sums_[32 * i + j];
  }

 private:
  static float number(std::uint32_t bits) { return std::bit_cast<float>(bits); }
  static inline thread_local float sums_[32 * 32];
};

}  // namespace prefopt::tests
