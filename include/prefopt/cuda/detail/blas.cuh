// SPDX-License-Identifier: MIT
#pragma once
// Products through cuBLASLt. It is column-major, so a row-major out = left right is computed as the
// column-major outᵀ = rightᵀ leftᵀ: the same memory with the factors swapped. cublasLt.h lists the
// restrictions on finishes ("epilogues"): a bias and GELU's input have the result's type, and the
// latter has a leading dimension divisible by 8. GELU is the tanh form.

#if !defined(__CUDACC__)
#error \
    "prefopt/cuda/detail/blas.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/cuda/detail/check.cuh"
#include "prefopt/cuda/detail/device_block.hpp"
#include "prefopt/cuda/detail/product.hpp"

namespace prefopt::inline v0_2::detail {

/// Products on one stream of the current device.
class blas_products {
 public:
  // NVIDIA's recommendation for Hopper
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

  /// `workspace` has workspace_bytes. With `tf32`, float factors are rounded to 10 bits of
  /// fraction.
  blas_products(cudaStream_t stream, device_block workspace, bool tf32)
      : stream_(stream), workspace_(std::move(workspace)), tf32_(tf32) {
    cublasLtHandle_t handle = nullptr;
    check(cublasLtCreate(&handle), "opening cuBLASLt");
    handle_.reset(handle);
  }

  /// Enqueues the product, or does nothing and returns false if cuBLASLt cannot do it. `bias` is
  /// the product's, as Out. The first product of a kind selects an algorithm.
  template <class In, class Out>
  [[nodiscard]] bool operator()(const device_product<In, Out>& p, const Out* bias) {
    const auto epilogue = epilogue_of(p);
    if (!epilogue || p.left.size() == 0) return false;
    plan& way = plan_of(p, *epilogue, bias);
    if (!way.algorithm) return false;
    set_pointers(way, p, bias);
    const bool adds = p.addend.data() != nullptr;
    const float one = 1, beta = adds ? 1 : 0;
    check(cublasLtMatmul(handle_.get(), &way.description, &one, p.right.data(), &way.right,
                         p.left.data(), &way.left, &beta, adds ? p.addend.data() : p.out.data(),
                         &way.addend, p.out.data(), &way.out, &*way.algorithm, workspace_.data(),
                         workspace_bytes, stream_),
          "a matrix product");
    return true;
  }

 private:
  struct close {
    void operator()(cublasLtHandle_t handle) const { cublasLtDestroy(handle); }
  };

  /// How cuBLASLt computes products of one kind. It owns nothing.
  struct plan {
    cublasLtMatmulDescOpaque_t description;
    cublasLtMatrixLayoutOpaque_t left, right, addend, out;
    std::optional<cublasLtMatmulAlgo_t> algorithm;  // empty if there is none
  };
  using plan_key = std::array<std::uint64_t, 21>;

  template <class T>
  static constexpr cudaDataType_t type_of =
      std::is_same_v<std::remove_const_t<T>, float> ? CUDA_R_32F : CUDA_R_16BF;

  /// The largest power of two, up to a cache line, that divides an address.
  [[nodiscard]] static std::uint64_t alignment_of(const void* data) {
    const auto address = reinterpret_cast<std::uintptr_t>(data);
    return address == 0 ? 256 : std::min<std::uint64_t>(address & -address, 256);
  }

  template <class In, class Out>
  [[nodiscard]] static std::optional<cublasLtEpilogue_t> epilogue_of(
      const device_product<In, Out>& p) {
    const bool biased = p.bias != nullptr;
    if (p.finish == product_finish::none)
      return biased ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
    if (p.before.stride(0) % 8 != 0) return std::nullopt;
    // its tanh is only about as precise as bfloat16
    if constexpr (std::is_same_v<Out, float>) return std::nullopt;
    if (p.finish == product_finish::gelu)
      return biased ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS : CUBLASLT_EPILOGUE_GELU_AUX;
    if (biased) return std::nullopt;
    return CUBLASLT_EPILOGUE_DGELU;
  }

  template <class In, class Out>
  [[nodiscard]] plan& plan_of(const device_product<In, Out>& p, cublasLtEpilogue_t epilogue,
                              const Out* bias) {
    const auto number = [](auto value) { return static_cast<std::uint64_t>(value); };
    const matrix_view<const Out> addend = addend_of(p);
    const plan_key key = {number(type_of<In>),
                          number(type_of<Out>),
                          number(epilogue),
                          number(p.left_is_transposed),
                          number(p.right_is_transposed),
                          p.out.extent(0),
                          p.out.extent(1),
                          p.left.size() / p.out.extent(0),
                          p.left.stride(0),
                          p.right.stride(0),
                          addend.stride(0),
                          p.out.stride(0),
                          p.before.stride(0),
                          alignment_of(p.left.data()),
                          alignment_of(p.right.data()),
                          alignment_of(addend.data()),
                          alignment_of(p.out.data()),
                          alignment_of(p.before.data()),
                          alignment_of(bias),
                          number(p.addend.data() != nullptr),
                          number(addend.data() == p.out.data())};
    if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
    // batches differ in their rows: without a limit the plans would grow forever
    constexpr std::size_t most = 4096;
    if (plans_.size() >= most) plans_.clear();
    return plans_.emplace(key, make_plan(p, epilogue, bias)).first->second;
  }

  template <class In, class Out>
  [[nodiscard]] static matrix_view<const Out> addend_of(const device_product<In, Out>& p) {
    return p.addend.data() != nullptr ? p.addend : matrix_view<const Out>(p.out);
  }

  template <class In, class Out>
  [[nodiscard]] plan make_plan(const device_product<In, Out>& p, cublasLtEpilogue_t epilogue,
                               const Out* bias) const {
    plan way = {};
    const bool fast = tf32_ && std::is_same_v<In, float>;
    check(
        cublasLtMatmulDescInit(
            &way.description, fast ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
        "describing a product");
    set(way, CUBLASLT_MATMUL_DESC_TRANSA, p.right_is_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(way, CUBLASLT_MATMUL_DESC_TRANSB, p.left_is_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(way, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    if (p.finish != product_finish::none)
      set(way, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, static_cast<std::int64_t>(p.before.stride(0)));
    set_pointers(way, p, bias);
    way.left = layout_of(p.left);
    way.right = layout_of(p.right);
    way.addend = layout_of(addend_of(p));
    way.out = layout_of(p.out);
    choose(way, {alignment_of(p.right.data()), alignment_of(p.left.data()),
                 alignment_of(addend_of(p).data()), alignment_of(p.out.data())});
    return way;
  }

  /// A row-major matrix as its column-major transpose.
  template <class T>
  [[nodiscard]] static cublasLtMatrixLayoutOpaque_t layout_of(matrix_view<T> matrix) {
    cublasLtMatrixLayoutOpaque_t layout = {};
    check(cublasLtMatrixLayoutInit(&layout, type_of<T>, matrix.extent(1), matrix.extent(0),
                                   static_cast<std::int64_t>(matrix.stride(0))),
          "describing a matrix");
    return layout;
  }

  template <class In, class Out>
  static void set_pointers(plan& way, const device_product<In, Out>& p, const Out* bias) {
    if (bias != nullptr)
      set(way, CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(bias));
    if (p.finish != product_finish::none)
      set(way, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER,
          static_cast<const void*>(p.before.data()));
  }

  template <class Value>
  static void set(plan& way, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
    check(cublasLtMatmulDescSetAttribute(&way.description, attribute, &value, sizeof value),
          "describing a product");
  }

  /// cuBLASLt's best algorithm for operands with these alignments: A, B, C, D in its terms. Partial
  /// sums stay float.
  void choose(plan& way, const std::array<std::uint64_t, 4>& alignments) const {
    cublasLtMatmulPreferenceOpaque_t preference = {};
    check(cublasLtMatmulPreferenceInit(&preference), "choosing a product");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      check(cublasLtMatmulPreferenceSetAttribute(&preference, attribute, &value, sizeof value),
            "choosing a product");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{workspace_bytes});
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(alignments[0]));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(alignments[1]));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(alignments[2]));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(alignments[3]));
    cublasLtMatmulHeuristicResult_t best = {};
    int found = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(handle_.get(), &way.description, &way.right, &way.left,
                                       &way.addend, &way.out, &preference, 1, &best, &found);
    // Any other status, such as an invalid value, is a mistake of ours and must not silently select
    // a slow way.
    if (status == CUBLAS_STATUS_NOT_SUPPORTED) return;
    check(status, "choosing a product");
    if (found > 0 && best.state == CUBLAS_STATUS_SUCCESS) way.algorithm = best.algo;
  }

  cudaStream_t stream_;
  device_block workspace_;
  bool tf32_;
  std::unique_ptr<std::remove_pointer_t<cublasLtHandle_t>, close> handle_;
  std::map<plan_key, plan> plans_;
};

}  // namespace prefopt::inline v0_2::detail
