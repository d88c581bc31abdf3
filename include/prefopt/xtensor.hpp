// SPDX-License-Identifier: MIT
#pragma once
// The umbrella header of the xtensor component: xtensor's containers and expressions as tensors
// throughout the library.

#include "prefopt/xtensor/tensor_traits.hpp"
