// SPDX-License-Identifier: MIT
#pragma once
// The operations of eigen_backend<float> and <double>, compiled once in eigen_backend_*.cpp for all
// own programs that link prefopt_compiled and see this header (prefopt_included_compiled, or a
// precompiled header): Eigen generates much code for each, and two dozen programs would each
// generate it again.

#include "prefopt/eigen/backend.hpp"

// KEYWORD is `extern` (a declaration: no code here) or nothing (the definition).
#define PREFOPT_EIGEN_BACKEND(KEYWORD, Real)                                                      \
  KEYWORD template void activate<Real>(activation_function, std::span<const Real>,                \
                                       std::span<Real>);                                          \
  KEYWORD template void activate_backward<Real>(activation_function, std::span<const Real>,       \
                                                std::span<Real>);                                 \
  KEYWORD template void embedding<Real>(int, std::span<const std::int32_t>,                       \
                                        std::span<const std::int32_t>, matrix_view<const Real>,   \
                                        matrix_view<const Real>, matrix_view<Real>);              \
  KEYWORD template void embedding_backward<Real>(                                                 \
      int, std::span<const std::int32_t>, std::span<const std::int32_t>, matrix_view<const Real>, \
      matrix_view<Real>, matrix_view<Real>);                                                      \
  KEYWORD template void gather_rows<Real>(int, matrix_view<const Real>,                           \
                                          std::span<const std::int32_t>, matrix_view<Real>);      \
  KEYWORD template void scatter_add_rows<Real>(int, matrix_view<const Real>,                      \
                                               std::span<const std::int32_t>, matrix_view<Real>); \
  KEYWORD template void layer_norm<Real>(int, matrix_view<const Real>, std::span<const Real>,     \
                                         std::span<const Real>, double, matrix_view<Real>,        \
                                         layer_norm_statistics<Real>);                            \
  KEYWORD template void layer_norm_backward<Real>(                                                \
      int, matrix_view<const Real>, matrix_view<const Real>, std::span<const Real>,               \
      layer_norm_statistics<const Real>, matrix_view<Real>, std::span<Real>, std::span<Real>);    \
  KEYWORD template void head_log_probs<Real>(int, matrix_view<const Real>, std::size_t,           \
                                             const head_targets&, std::span<Real>,                \
                                             std::span<double>);                                  \
  KEYWORD template void head_logits_backward<Real>(int, matrix_view<Real>, std::span<const Real>, \
                                                   const head_targets&, std::span<const double>); \
  KEYWORD template double sum_of_squares<Real>(int, std::span<const Real>);                       \
  KEYWORD template void adamw<Real>(int, std::span<Real>, std::span<const Real>, std::span<Real>, \
                                    std::span<Real>, const adamw_coefficients&);

#define PREFOPT_EIGEN_ENGINE(KEYWORD, Compute, Real)                                               \
  KEYWORD template void tree_attention(int, const product_engine<Compute>&, const attention_rows&, \
                                       tensor_view<const Real, 3>, tensor_view<const Real, 3>,     \
                                       tensor_view<const Real, 3>, double, tensor_view<Real, 3>,   \
                                       matrix_view<Real>);                                         \
  KEYWORD template void tree_attention_backward(                                                   \
      int, const product_engine<Compute>&, const attention_rows&, tensor_view<const Real, 3>,      \
      tensor_view<const Real, 3>, tensor_view<const Real, 3>, double, tensor_view<const Real, 3>,  \
      matrix_view<const Real>, tensor_view<const Real, 3>, tensor_view<Real, 3>,                   \
      tensor_view<Real, 3>, tensor_view<Real, 3>);

#define PREFOPT_EIGEN_BACKENDS(KEYWORD, Real) \
  PREFOPT_EIGEN_BACKEND(KEYWORD, Real)        \
  PREFOPT_EIGEN_ENGINE(KEYWORD, Real, Real)   \
  KEYWORD template class product<native_kernel<Real>>;

#if defined(__x86_64__)
#define PREFOPT_EIGEN_X86(KEYWORD)                                \
  KEYWORD template class product<tile_bfloat16_kernel<amx_unit>>; \
  KEYWORD template class product<avx512_bfloat16_kernel>;
#else
#define PREFOPT_EIGEN_X86(KEYWORD)
#endif

#define PREFOPT_EIGEN_BFLOAT16(KEYWORD)          \
  PREFOPT_EIGEN_ENGINE(KEYWORD, bfloat16, float) \
  PREFOPT_EIGEN_X86(KEYWORD)                     \
  KEYWORD template class product<widened_bfloat16_kernel>;

#ifndef PREFOPT_COMPILES_EIGEN_BACKEND
namespace prefopt::detail {
PREFOPT_EIGEN_BACKENDS(extern, float)
PREFOPT_EIGEN_BACKENDS(extern, double)
PREFOPT_EIGEN_BFLOAT16(extern)
}  // namespace prefopt::detail
#endif
