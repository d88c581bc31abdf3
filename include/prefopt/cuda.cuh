// SPDX-License-Identifier: MIT
#pragma once
// The umbrella header of the CUDA component for nvcc (-std=c++20 --expt-relaxed-constexpr): the
// backend with all its kernels.

#if !defined(__CUDACC__)
#error "prefopt/cuda.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
#else

#include "prefopt/cuda/device.cuh"
#include "prefopt/cuda/operations.hpp"

#endif
