// SPDX-License-Identifier: MIT
#pragma once
// The umbrella header of the xtensor component: xtensor's containers and expressions wherever the
// library takes a tensor.

#include "prefopt/xtensor/tensor_traits.hpp"
