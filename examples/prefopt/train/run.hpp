// SPDX-License-Identifier: MIT
#pragma once

#include "train/options.hpp"

namespace program {

/// The whole job. Throws what the library throws, with messages that name file or option.
void run(const options& options);

/// The same on the device and in the precision of the name, regardless of the options.
void run_in_fp32(const options& options);
void run_in_bf16(const options& options);
void run_on_cuda_in_fp32(const options& options);
void run_on_cuda_in_bf16(const options& options);

}  // namespace program
