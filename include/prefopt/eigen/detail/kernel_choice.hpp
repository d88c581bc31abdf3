// SPDX-License-Identifier: MIT
#pragma once
// The kernels of matrix products by name: what a backend holds instead of the kernels themselves.

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2::detail {

/// How a backend multiplies matrices. The choice depends only on how its operations were compiled
/// and on the processor, so that equal computers give equal bits.
enum class product_kernel_choice {
  native,           ///< the vectors that the translation unit is compiled for
  avx2,             ///< 256-bit vectors, where the translation unit may not assume them
  avx512,           ///< 512-bit vectors, likewise
  bfloat16_avx512,  ///< bfloat16 only: dot products of pairs
  bfloat16_amx,     ///< bfloat16 only: tiles
};

}  // namespace prefopt::inline v0_2::detail
