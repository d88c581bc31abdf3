// SPDX-License-Identifier: MIT
#pragma once
// Calls of the CUDA runtime and of cuBLASLt that throw on failure.

#if !defined(__CUDACC__)
#error \
    "prefopt/cuda/detail/check.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#endif

#include <string_view>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2::detail {

/// Throws device_error that names the failed call. A later call may report the failure of an
/// earlier kernel.
inline void check(cudaError_t status, std::string_view what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // otherwise the next launch would be blamed
  throw device_error(concat("cuda: ", what, ": ", cudaGetErrorString(status)));
}

inline void check(cublasStatus_t status, std::string_view what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw device_error(concat("cuda: ", what, ": ", cublasLtGetStatusString(status)));
}

}  // namespace prefopt::inline v0_2::detail
