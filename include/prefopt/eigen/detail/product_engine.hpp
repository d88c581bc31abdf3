// SPDX-License-Identifier: MIT
#pragma once
// Matrix products of a backend that computes in `Compute`: selects their kernel.

#include <string_view>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/eigen/detail/amx_kernel.hpp"
#include "prefopt/eigen/detail/bfloat16_kernels.hpp"
#include "prefopt/eigen/detail/product.hpp"

namespace prefopt::detail {

/// float and double: native vectors.
template <class Compute>
class product_engine {
 public:
  using real = Compute;  // of operands and results
  using operand = product_operand<real>;

  /// out (+)= left right over threads; calls `finish` with each block when it is done.
  void operator()(int threads, update how, matrix_view<real> out, const operand& left,
                  const operand& right, block_visitor finish = {}) const {
    multiply<native_kernel<real>>(threads, how, out, left, right, finish);
  }

  /// The same on the calling thread.
  void here(update how, matrix_view<real> out, const operand& left, const operand& right) const {
    product<native_kernel<real>>(how, out, left, right, {})();
  }

  /// The kernel's name, for logs.
  [[nodiscard]] std::string_view name() const {
    if constexpr (vector_bytes == 64) return "512-bit vectors";
    if constexpr (vector_bytes == 32) return "256-bit vectors";
    return "128-bit vectors";
  }
};

/// Kernels for products in bfloat16, best first.
enum class bfloat16_kernel { amx, avx512, widened };

/// The best kernel that works here. The choice depends only on the processor, so that equal
/// computers give equal bits.
[[nodiscard]] inline bfloat16_kernel best_bfloat16_kernel() {
#if defined(__x86_64__)
  static const bfloat16_kernel best = [] {
    if (amx_works()) return bfloat16_kernel::amx;
    // A dot product of pairs takes as long as a float32 product on AMD processors, twice as long on
    // Intel processors.
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_is("amd"))
      return bfloat16_kernel::avx512;
    return bfloat16_kernel::widened;
  }();
  return best;
#else
  return bfloat16_kernel::widened;
#endif
}

/// float32 in memory, rounded to bfloat16 in products, summed in float32.
template <>
class product_engine<bfloat16> {
 public:
  using real = float;
  using operand = product_operand<float>;

  product_engine() = default;
  /// Uses a kernel that must work here.
  explicit product_engine(bfloat16_kernel kernel) : kernel_(kernel) {}

  void operator()(int threads, update how, matrix_view<float> out, const operand& left,
                  const operand& right, block_visitor finish = {}) const {
    on_kernel(
        [&](auto kernel) { multiply<decltype(kernel)>(threads, how, out, left, right, finish); });
  }
  void here(update how, matrix_view<float> out, const operand& left, const operand& right) const {
    on_kernel([&](auto kernel) { product<decltype(kernel)>(how, out, left, right, {})(); });
  }

  [[nodiscard]] std::string_view name() const {
    switch (kernel_) {
      case bfloat16_kernel::amx:
        return "AMX bfloat16 tiles";
      case bfloat16_kernel::avx512:
        return "AVX-512 bfloat16 dot products";
      case bfloat16_kernel::widened:
        break;
    }
    return "float32 products of numbers rounded to bfloat16";
  }

 private:
  template <class Call>
  void on_kernel(const Call& call) const {
#if defined(__x86_64__)
    if (kernel_ == bfloat16_kernel::amx) return call(tile_bfloat16_kernel<amx_unit>{});
    if (kernel_ == bfloat16_kernel::avx512) return call(avx512_bfloat16_kernel{});
#endif
    call(widened_bfloat16_kernel{});
  }

  bfloat16_kernel kernel_ = best_bfloat16_kernel();
};

}  // namespace prefopt::detail
