// SPDX-License-Identifier: MIT
// The CUDA backend in bfloat16 for host compilers, which see its declaration in prefopt/cuda.hpp.

#include "prefopt/cuda.cuh"

template class prefopt::cuda_backend<prefopt::bfloat16>;
