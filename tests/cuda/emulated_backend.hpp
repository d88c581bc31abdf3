// SPDX-License-Identifier: MIT
#pragma once
// The CUDA backend on an emulated device.

#include <memory>

#include "prefopt/cuda/operations.hpp"
#include "cuda/emulated_device.hpp"

namespace prefopt::tests {

template <class Activation>
using emulated_backend = cuda_backend<Activation, emulated_device>;

/// On its own device.
template <class Activation>
[[nodiscard]] emulated_backend<Activation> make_backend() {
  return emulated_backend<Activation>(std::make_shared<emulated_device>());
}

}  // namespace prefopt::tests
