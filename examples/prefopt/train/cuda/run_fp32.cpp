// SPDX-License-Identifier: MIT

#include <prefopt/cuda.hpp>
#include "train/run.hpp"
#include "train/run_on.hpp"

namespace program {

void run_on_cuda_in_fp32(const options& options) { run_on<prefopt::cuda_backend<float>>(options); }

}  // namespace program
