// expects: vector_like
// SPDX-License-Identifier: MIT

#include "prefopt/core/view.hpp"
#include "prefopt/loss/evaluate_pairs.hpp"
#include "prefopt/loss/sft.hpp"

#ifdef CONTROL
using view = prefopt::vector_view<const double>;
#else
using view = prefopt::matrix_view<const double>;
#endif

double loss(view log_probs) { return prefopt::evaluate_pairs(prefopt::sft{}, log_probs).loss; }
