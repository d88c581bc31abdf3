// SPDX-License-Identifier: MIT
#pragma once
// The umbrella header of the CUDA component for host compilers: the backend, with its operations
// compiled in the library prefopt::cuda.

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/cuda/backend.hpp"

namespace prefopt::inline v0_2 {

extern template class cuda_backend<float>;
extern template class cuda_backend<bfloat16>;

static_assert(transformer_backend<cuda_backend<float>> &&
              transformer_backend<cuda_backend<bfloat16>>);
static_assert(rms_norm_backend<cuda_backend<float>> && rms_norm_backend<cuda_backend<bfloat16>>);
static_assert(rotary_backend<cuda_backend<float>> && rotary_backend<cuda_backend<bfloat16>>);
static_assert(gated_backend<cuda_backend<float>> && gated_backend<cuda_backend<bfloat16>>);

}  // namespace prefopt::inline v0_2
