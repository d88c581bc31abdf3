// SPDX-License-Identifier: MIT
// A project that finds an installed prefopt, and uses a loss and the file formats.

#include <cmath>

#include <prefopt/datasets.hpp>
#include <prefopt/loss/dpo.hpp>

int main() {
  const auto at_start = prefopt::dpo{.beta = 0.1}(prefopt::pair_log_probs{});
  try {
    static_cast<void>(prefopt::read_preferences("no such file.jsonl"));
  } catch (const prefopt::error&) {
    return std::abs(at_start.loss - std::log(2.0)) < 1e-15 ? 0 : 1;
  }
  return 1;
}
