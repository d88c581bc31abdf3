// expects: assignment of read-only location|cannot assign to return value
// SPDX-License-Identifier: MIT

#include "prefopt/core/view.hpp"

void write(prefopt::matrix_view<float> writable, prefopt::matrix_view<const float> readable) {
#ifdef CONTROL
  writable(0, 0) = readable(0, 0);
#else
  readable(0, 0) = writable(0, 0);
#endif
}
