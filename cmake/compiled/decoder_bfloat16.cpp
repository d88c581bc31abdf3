// SPDX-License-Identifier: MIT
// The decoder on the CPU backend in bfloat16, and its folders.

#include "prefopt/compiled.hpp"

namespace prefopt::inline v0_2 {

PREFOPT_COMPILED_DECODER(, eigen_backend<bfloat16>)

}  // namespace prefopt::inline v0_2
