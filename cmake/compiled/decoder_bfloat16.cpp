// SPDX-License-Identifier: MIT
// The decoder on the CPU backend in bfloat16, and its folders.

#include "prefopt/compiled.hpp"

namespace prefopt {

PREFOPT_COMPILED_DECODER(, eigen_backend<bfloat16>)

}  // namespace prefopt
