// SPDX-License-Identifier: MIT
// The CPU backend in float.

#include "prefopt/eigen/operations.hpp"

template class prefopt::eigen_backend<float>;
