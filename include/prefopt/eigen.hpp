// SPDX-License-Identifier: MIT
#pragma once
// The umbrella header of the Eigen component: the CPU backend, and Eigen's types as tensors
// throughout the library.

#include "prefopt/eigen/available_threads.hpp"
#include "prefopt/eigen/backend.hpp"
#include "prefopt/eigen/start_threads.hpp"
#include "prefopt/eigen/tensor_traits.hpp"
