// expects: cannot bind non-const lvalue reference|no matching function|expects an lvalue
// SPDX-License-Identifier: MIT

#include <vector>

#include "prefopt/core/as_view.hpp"

std::vector<float> make();

float first() {
#ifdef CONTROL
  auto values = make();
  return prefopt::as_view(values)(0);
#else
  return prefopt::as_view(make())(0);
#endif
}
