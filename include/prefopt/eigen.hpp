// SPDX-License-Identifier: MIT
#pragma once
// The door of the Eigen leaf: the CPU machine, and Eigen's types wherever the library takes a
// tensor.

#include "prefopt/eigen/available_threads.hpp"
#include "prefopt/eigen/backend.hpp"
#include "prefopt/eigen/start_threads.hpp"
#include "prefopt/eigen/tensor_traits.hpp"
