// SPDX-License-Identifier: MIT
#pragma once
// PREFOPT_HOST_DEVICE marks a function that kernels can also call; for a host compiler it is empty.

#include "prefopt/version.hpp"

#if defined(__CUDACC__)
#define PREFOPT_HOST_DEVICE __host__ __device__
#else
#define PREFOPT_HOST_DEVICE
#endif
