// SPDX-License-Identifier: MIT

#include "train/run.hpp"
#include "train/run_on.hpp"

namespace program {

void run_in_fp32(const options& options) { run_on<prefopt::eigen_backend<float>>(options); }

}  // namespace program
