// SPDX-License-Identifier: MIT

#include "train_dpo/run.hpp"
#include "train_dpo/run_on.hpp"

namespace train_dpo {

void run_in_bf16(const options& options) {
  run_on<prefopt::eigen_backend<prefopt::bfloat16>>(options);
}

}  // namespace train_dpo
