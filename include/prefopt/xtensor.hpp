// SPDX-License-Identifier: MIT
#pragma once
// The door of the xtensor leaf: xtensor's containers and expressions wherever the library takes a
// tensor.

#include "prefopt/xtensor/tensor_traits.hpp"
