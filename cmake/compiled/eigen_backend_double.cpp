// SPDX-License-Identifier: MIT
// The CPU backend in double.

#include "prefopt/eigen/operations.hpp"

template class prefopt::eigen_backend<double>;
