// SPDX-License-Identifier: MIT

#include <prefopt/cuda.hpp>
#include "train/run.hpp"
#include "train/run_on.hpp"

namespace program {

void run_on_cuda_in_bf16(const options& options) {
  run_on<prefopt::cuda_backend<prefopt::bfloat16>>(options);
}

}  // namespace program
