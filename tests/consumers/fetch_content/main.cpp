// SPDX-License-Identifier: MIT
// A project that fetches prefopt, and uses a loss and the tokenizer.

#include <cmath>

#include <prefopt/loss/dpo.hpp>
#include <prefopt/tokenizers.hpp>

int main() {
  const auto at_start = prefopt::dpo{.beta = 0.1}(prefopt::pair_log_probs{});
  try {
    prefopt::gpt2_tokenizer::from_directory("no such folder");
  } catch (const prefopt::error&) {
    return std::abs(at_start.loss - std::log(2.0)) < 1e-15 ? 0 : 1;
  }
  return 1;
}
