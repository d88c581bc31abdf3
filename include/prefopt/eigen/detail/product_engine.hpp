// SPDX-License-Identifier: MIT
#pragma once
// Matrix products of a backend that computes in `Compute`: selects their kernel.

#include <string_view>
#include <type_traits>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/eigen/detail/amx_kernel.hpp"
#include "prefopt/eigen/detail/bfloat16_kernels.hpp"
#include "prefopt/eigen/detail/kernel_choice.hpp"
#include "prefopt/eigen/detail/product.hpp"

namespace prefopt::inline v0_2::detail {

/// The widest vectors that this processor and this build have. The compiler's own come first: wider
/// ones are used only where a build may not assume them.
[[nodiscard]] inline product_kernel_choice best_vectors() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (vector_bytes < 64 && __builtin_cpu_supports("avx512f")) return product_kernel_choice::avx512;
  if (vector_bytes < 32 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return product_kernel_choice::avx2;
#endif
  return product_kernel_choice::native;
}

/// The best kernel for products in bfloat16.
[[nodiscard]] inline product_kernel_choice best_bfloat16_kernel() {
#if defined(__x86_64__)
  static const product_kernel_choice best = [] {
    if (amx_works()) return product_kernel_choice::bfloat16_amx;
    // A dot product of pairs takes as long as a float32 product on AMD processors, twice as long on
    // Intel processors.
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_is("amd"))
      return product_kernel_choice::bfloat16_avx512;
    return best_vectors();
  }();
  return best;
#else
  return product_kernel_choice::native;
#endif
}

/// float and double; bfloat16: float32 in memory, rounded to bfloat16 in products, summed in
/// float32.
template <class Compute>
class product_engine {
  static constexpr bool rounds = std::is_same_v<Compute, bfloat16>;

 public:
  using real = std::conditional_t<rounds, float, Compute>;  // of operands and results
  using operand = product_operand<real>;

  /// The best kernel that works here.
  [[nodiscard]] static product_kernel_choice best() {
    if constexpr (rounds) return best_bfloat16_kernel();
    return best_vectors();
  }

  product_engine() = default;
  /// Uses a kernel that must work here.
  explicit product_engine(product_kernel_choice kernel) : kernel_(kernel) {}

  /// out (+)= left right over threads; calls `finish` with each block when it is done.
  void operator()(int threads, update how, matrix_view<real> out, const operand& left,
                  const operand& right, block_visitor finish = {}) const {
    on_kernel(
        [&](auto kernel) { multiply<decltype(kernel)>(threads, how, out, left, right, finish); });
  }
  /// The same on the calling thread.
  void here(update how, matrix_view<real> out, const operand& left, const operand& right) const {
    on_kernel([&](auto kernel) { product<decltype(kernel)>(how, out, left, right, {})(); });
  }

  /// The kernel's name, for logs.
  [[nodiscard]] std::string_view name() const {
    if (kernel_ == product_kernel_choice::bfloat16_amx) return "AMX bfloat16 tiles";
    if (kernel_ == product_kernel_choice::bfloat16_avx512) return "AVX-512 bfloat16 dot products";
    if constexpr (rounds) return "float32 products of numbers rounded to bfloat16";
    if (kernel_ == product_kernel_choice::avx512 || vector_bytes == 64) return "512-bit vectors";
    if (kernel_ == product_kernel_choice::avx2 || vector_bytes == 32) return "256-bit vectors";
    return "128-bit vectors";
  }

 private:
  template <class Kernel>
  using of = std::conditional_t<rounds, widened_bfloat16_kernel<Kernel>, Kernel>;

  template <class Call>
  void on_kernel(const Call& call) const {
#if defined(__x86_64__)
    if constexpr (rounds) {
      if (kernel_ == product_kernel_choice::bfloat16_amx)
        return call(tile_bfloat16_kernel<amx_unit>{});
      if (kernel_ == product_kernel_choice::bfloat16_avx512) return call(avx512_bfloat16_kernel{});
    }
    if constexpr (vector_bytes < 64)
      if (kernel_ == product_kernel_choice::avx512) return call(of<avx512_kernel<real>>{});
    if constexpr (vector_bytes < 32)
      if (kernel_ == product_kernel_choice::avx2) return call(of<avx2_kernel<real>>{});
#endif
    call(of<native_kernel<real>>{});
  }

  product_kernel_choice kernel_ = best();
};

}  // namespace prefopt::inline v0_2::detail
