// expects: check
// SPDX-License-Identifier: MIT

#include "prefopt/loss/concepts.hpp"

namespace mine {

struct unchecked {
  static constexpr prefopt::token_reduction reduction = prefopt::token_reduction::sum;
  static constexpr prefopt::loss_inputs inputs{};
  prefopt::pair_loss operator()(const prefopt::pair_log_probs&) const { return {}; }
};

#ifdef CONTROL
inline void check(const unchecked&) {}
#endif

}  // namespace mine

template <prefopt::pairwise_loss Loss>
void train(Loss) {}

void use() { train(mine::unchecked{}); }
