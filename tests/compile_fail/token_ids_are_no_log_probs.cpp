// expects: vector_like
// SPDX-License-Identifier: MIT

#include <vector>

#include "prefopt/loss/evaluate.hpp"
#include "prefopt/loss/sft.hpp"

#ifdef CONTROL
using number = float;
#else
using number = int;
#endif

double loss(const std::vector<number>& log_probs) {
  return prefopt::evaluate(prefopt::sft{}, log_probs).loss;
}
