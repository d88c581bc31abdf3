// SPDX-License-Identifier: MIT
#define PREFOPT_COMPILES_EIGEN_BACKEND
#include "eigen_backend.hpp"

namespace prefopt::detail {
PREFOPT_EIGEN_BACKENDS(, double)
}  // namespace prefopt::detail
