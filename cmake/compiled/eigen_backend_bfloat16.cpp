// SPDX-License-Identifier: MIT
// The CPU backend in bfloat16.

#include "prefopt/eigen/operations.hpp"

template class prefopt::eigen_backend<prefopt::bfloat16>;
