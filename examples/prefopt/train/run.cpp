// SPDX-License-Identifier: MIT

#include "train/run.hpp"

#include <prefopt/core/error.hpp>

namespace program {

void run(const options& o) {
  const bool fp32 = o.precision == precision_name::fp32;
  if (o.device == device_name::cpu) return fp32 ? run_in_fp32(o) : run_in_bf16(o);
#ifdef PREFOPT_PROGRAM_CUDA
  return fp32 ? run_on_cuda_in_fp32(o) : run_on_cuda_in_bf16(o);
#else
  throw prefopt::device_error(
      "--device cuda: this program was built without CUDA; configure with -DPREFOPT_CUDA=ON");
#endif
}

}  // namespace program
