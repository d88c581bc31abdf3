// SPDX-License-Identifier: MIT
// Uses a loss, for which the core is enough.

#include <cmath>

#include <prefopt/loss/dpo.hpp>

int main() {
  const auto at_start = prefopt::dpo{.beta = 0.1}(prefopt::pair_log_probs{});
  return std::abs(at_start.loss - std::log(2.0)) < 1e-15 ? 0 : 1;
}
