// expects: no match for call|no matching function for call
// SPDX-License-Identifier: MIT

#include "prefopt/core/view.hpp"

float read(prefopt::matrix_view<const float> matrix) {
#ifdef CONTROL
  return matrix(1, 2);
#else
  return matrix(1);
#endif
}
