// SPDX-License-Identifier: MIT
#define PREFOPT_COMPILES_EIGEN_MACHINE
#include "eigen_machine.hpp"

namespace prefopt::detail {
PREFOPT_EIGEN_MACHINES(, float)
}  // namespace prefopt::detail
