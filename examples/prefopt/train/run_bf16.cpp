// SPDX-License-Identifier: MIT

#include "train/run.hpp"
#include "train/run_on.hpp"

namespace program {

void run_in_bf16(const options& options) {
  run_on<prefopt::eigen_backend<prefopt::bfloat16>>(options);
}

}  // namespace program
