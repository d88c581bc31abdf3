// SPDX-License-Identifier: MIT
#pragma once
// check_beta: the check that all losses with an inverse temperature share.

#include <cmath>
#include <string_view>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// Throws value_error unless beta is finite and above 0. `loss` names the loss in the message.
inline void check_beta(std::string_view loss, double beta) {
  if (!(std::isfinite(beta) && beta > 0))
    throw value_error(concat(loss, ": beta is ", beta, ", expected a finite number above 0"));
}

}  // namespace prefopt::inline v0_2
