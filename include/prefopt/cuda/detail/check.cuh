// SPDX-License-Identifier: MIT
#pragma once
// Calls of the CUDA runtime and of cuBLASLt that throw where they fail.

#if !defined(__CUDACC__)
#error \
    "prefopt/cuda/detail/check.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#endif

#include <string_view>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include "prefopt/core/error.hpp"

namespace prefopt::detail {

/// Throws device_error with what was tried. A kernel that went wrong may be reported by a later
/// call.
inline void check(cudaError_t status, std::string_view what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next launch would be blamed for it
  throw device_error(concat("cuda: ", what, ": ", cudaGetErrorString(status)));
}

inline void check(cublasStatus_t status, std::string_view what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw device_error(concat("cuda: ", what, ": ", cublasLtGetStatusString(status)));
}

}  // namespace prefopt::detail
