// SPDX-License-Identifier: MIT
// The decoder on the CPU backend in float, and its folders.

#include "prefopt/compiled.hpp"

namespace prefopt {

PREFOPT_COMPILED_DECODER(, eigen_backend<float>)

}  // namespace prefopt
