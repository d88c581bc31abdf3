// SPDX-License-Identifier: MIT

#include <prefopt/cuda.hpp>
#include "train_dpo/run.hpp"
#include "train_dpo/run_on.hpp"

namespace train_dpo {

void run_on_cuda_in_fp32(const options& options) { run_on<prefopt::cuda_backend<float>>(options); }

}  // namespace train_dpo
