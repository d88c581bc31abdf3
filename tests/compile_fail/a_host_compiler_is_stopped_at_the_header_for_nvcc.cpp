// expects: #error "prefopt/cuda.cuh is for nvcc: include prefopt/cuda.hpp and link prefopt::cuda instead"
// SPDX-License-Identifier: MIT

#ifdef CONTROL
#include "prefopt/cuda.hpp"
#else
#include "prefopt/cuda.cuh"
#endif
