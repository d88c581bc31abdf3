// SPDX-License-Identifier: MIT
#pragma once
// check_label_smoothing: the check that all losses with label smoothing share.

#include <string_view>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

/// Throws value_error unless 0 <= label_smoothing < 0.5. `loss` names the loss in the message.
inline void check_label_smoothing(std::string_view loss, double label_smoothing) {
  if (!(label_smoothing >= 0 && label_smoothing < 0.5)) {
    throw value_error(concat(loss, ": label_smoothing is ", label_smoothing,
                             ", expected 0 <= label_smoothing < 0.5"));
  }
}

}  // namespace prefopt::inline v0_2
