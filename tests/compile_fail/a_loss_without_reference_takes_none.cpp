// expects: no matching function
// SPDX-License-Identifier: MIT

#include <vector>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/evaluate_pairs.hpp"
#include "prefopt/loss/sft.hpp"

#ifdef CONTROL
using reading = prefopt::dpo;
#else
using reading = prefopt::sft;
#endif

double loss(const std::vector<double>& log_probs) {
  return prefopt::evaluate_pairs(reading{}, log_probs, log_probs, log_probs, log_probs).loss;
}
