// SPDX-License-Identifier: MIT

#include "train_dpo/run.hpp"

namespace train_dpo {

void run(const options& o) {
  switch (o.precision) {
    case precision_name::fp32:
      return run_in_fp32(o);
    case precision_name::bf16:
      return run_in_bf16(o);
  }
}

}  // namespace train_dpo
