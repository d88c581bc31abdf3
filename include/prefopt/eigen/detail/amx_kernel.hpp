// SPDX-License-Identifier: MIT
#pragma once
// Products in bfloat16 on AMX: tiles of 16 rows of 64 bytes, 32 x 32 sums at a time from two tiles
// of each operand (Intel, Architecture Instruction Set Extensions Programming Reference, chapter
// 3). The kernel is a template over the unit that owns the tiles, so that its address arithmetic
// can be tested on processors without AMX.

#include <cstddef>
#include <cstdint>

#include "prefopt/eigen/detail/bfloat16_words.hpp"
#include "prefopt/eigen/detail/product_kernel.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace prefopt::inline v0_2::detail {

/// The processor's tiles, configured for the lifetime of this object on the thread that created it.
class amx_unit {
 public:
  [[gnu::target("amx-tile")]] amx_unit() {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } configuration;
    static_assert(sizeof configuration == 64);
    // g++ 12's _tile_loadconfig declares that it reads a pointer's worth of bytes; the compiler
    // would not write the rest.
    asm volatile("" : : "m"(configuration));
    _tile_loadconfig(&configuration);
  }
  [[gnu::target("amx-tile")]] ~amx_unit() { _tile_release(); }
  amx_unit(const amx_unit&) = delete;
  amx_unit& operator=(const amx_unit&) = delete;

  /// Sums = 0.
  [[gnu::target("amx-tile")]] static void clear() {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  /// Sums [32, 32] += left [32 rows, 16 words] right [16 words, 32 columns]; strides in bytes.
  [[gnu::target("amx-tile,amx-bf16")]] static void multiply(const std::uint32_t* left,
                                                            std::size_t left_stride,
                                                            const std::uint32_t* right,
                                                            std::size_t right_stride) {
    asm volatile("" ::: "memory");  // g++ 12's _tile_loadd does not say that it reads memory
    const auto left_bytes = static_cast<long>(left_stride),
               right_bytes = static_cast<long>(right_stride);
    _tile_loadd(4, left, left_bytes);
    _tile_loadd(6, right, right_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + 16, right_bytes);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + 16 * (left_stride / sizeof *left), left_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  /// to [32, 32] = sums.
  [[gnu::target("amx-tile")]] static void store(float* to, std::size_t stride) {
    const auto bytes = static_cast<long>(stride);
    float* const below = to + 16 * (stride / sizeof *to);
    _tile_stored(0, to, bytes);
    _tile_stored(1, to + 16, bytes);
    _tile_stored(2, below, bytes);
    _tile_stored(3, below + 16, bytes);
  }
};

/// Needs a Unit with the members of amx_unit.
template <class Unit>
struct tile_bfloat16_kernel : bfloat16_pairs {
  using scope = Unit;
  static constexpr bool words_are_numbers = false;
  static constexpr std::size_t depth_words = 16, depth_block = 256, column_block = 1024;
  static constexpr panel_order left_panel = panel_order::row_major;
  static constexpr std::size_t rows = 32, columns = 32;

  static void tile(std::size_t row_count, std::size_t words, const word* left, const word* right,
                   float* out, std::size_t stride, bool add) {
    Unit::clear();
    for (std::size_t p = 0; p < words; p += depth_words)
      Unit::multiply(left + p, words * sizeof(word), right + p * columns, columns * sizeof(word));
    if (row_count == rows && !add) return Unit::store(out, stride * sizeof(float));
    alignas(64) float sums[rows * columns];
    Unit::store(sums, columns * sizeof(float));
    for (std::size_t i = 0; i < row_count; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        out[i * stride + j] =
            add ? out[i * stride + j] + sums[i * columns + j] : sums[i * columns + j];
  }
};

/// Whether a product of two tiles of known numbers has the right sums.
template <class Unit>
[[nodiscard]] bool tiles_multiply() {
  using kernel = tile_bfloat16_kernel<Unit>;
  [[maybe_unused]] const Unit tiles;
  std::uint32_t left[32 * 16], right[16 * 32];
  for (std::size_t i = 0; i < 32 * 16; ++i) {
    left[i] = bfloat16_word(static_cast<float>(i % 7), 1);
    right[i] = bfloat16_word(2, static_cast<float>(i % 5));
  }
  float out[32 * 32];
  kernel::tile(32, 16, left, right, out, 32, false);
  for (std::size_t i = 0; i < 32; ++i)
    for (std::size_t j = 0; j < 32; ++j) {
      float expected = 0;
      for (std::size_t p = 0; p < 16; ++p)
        expected += 2 * static_cast<float>((i * 16 + p) % 7) + static_cast<float>((p * 32 + j) % 5);
      if (out[i * 32 + j] != expected) return false;
    }
  return true;
}

/// Requests the tiles from the system and multiplies two that hold known numbers. The CPUID leaf
/// that describes AMX is not read: virtual machines hide it although AMX works.
[[nodiscard]] inline bool amx_works() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  constexpr unsigned bfloat16_bit = 1U << 22, tile_bit = 1U << 24;
  if ((edx & bfloat16_bit) == 0 || (edx & tile_bit) == 0) return false;
  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  constexpr long request_permission = 0x1023, tile_data = 18;
  if (syscall(SYS_arch_prctl, request_permission, tile_data) != 0) return false;
  return tiles_multiply<amx_unit>();
#else
  return false;
#endif
}

}  // namespace prefopt::inline v0_2::detail
#endif
