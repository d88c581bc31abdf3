// expects: vector_like
// SPDX-License-Identifier: MIT

#include <vector>

#include "prefopt/loss/evaluate_pairs.hpp"
#include "prefopt/loss/sft.hpp"

#ifdef CONTROL
using number = float;
#else
using number = int;
#endif

double loss(const std::vector<number>& log_probs) {
  return prefopt::evaluate_pairs(prefopt::sft{}, log_probs).loss;
}
