// SPDX-License-Identifier: MIT
#pragma once
// The umbrella header of the Eigen component: the CPU backend, and Eigen's types as tensors
// throughout the library.
//
// With PREFOPT_COMPILED, which linking prefopt::compiled defines, the backend's operations are in
// that library, and Eigen is not included, so that programs compile faster. Include
// prefopt/eigen/tensor_traits.hpp if you use Eigen's types yourself.

#include "prefopt/eigen/available_threads.hpp"
#include "prefopt/eigen/backend.hpp"
#include "prefopt/eigen/start_threads.hpp"

#ifndef PREFOPT_COMPILED
#include "prefopt/eigen/operations.hpp"
#include "prefopt/eigen/tensor_traits.hpp"
#else
namespace prefopt::inline v0_2 {

extern template class eigen_backend<float>;
extern template class eigen_backend<double>;
extern template class eigen_backend<bfloat16>;

}  // namespace prefopt::inline v0_2
#endif
