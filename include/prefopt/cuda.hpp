// SPDX-License-Identifier: MIT
#pragma once
// The door of the CUDA leaf for host compilers: the machine, whose operations are compiled in the
// library prefopt::cuda.

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/cuda/backend.hpp"

namespace prefopt {

extern template class cuda_backend<float>;
extern template class cuda_backend<bfloat16>;

static_assert(transformer_machine<cuda_backend<float>> &&
              transformer_machine<cuda_backend<bfloat16>>);

}  // namespace prefopt
