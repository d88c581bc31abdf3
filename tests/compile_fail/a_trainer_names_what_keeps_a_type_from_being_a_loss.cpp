// SPDX-License-Identifier: MIT
// NOT_CALLED: this is not a loss: it needs .* that returns list_loss
// OF_A_VECTOR: this is not a loss: it needs
// MUTABLE: the loss's operator\(\) must be const
// NUMBER: operator\(\)\(std::span<const response_log_probs>\) const must return list_loss
// NUMBER_OF_PAIRS: operator\(\)\(const pair_log_probs&\) const must return pair_loss
// NO_REDUCTION: the loss's reduction is missing
// WRONG_REDUCTION: the loss's reduction must be a token_reduction
// NO_INPUTS: the loss's inputs is missing
// NO_CHECK: check\(loss\) is missing
// OF_REWARDS: one of policy and loss uses rewards, the other log-probs

#include <span>
#include <vector>

#include "prefopt/policy/bigram.hpp"
#include "prefopt/train/trainer.hpp"

namespace mine {

struct loss {
#ifdef WRONG_REDUCTION
  static constexpr int reduction = 1;
#elif !defined(NO_REDUCTION)
  static constexpr prefopt::token_reduction reduction = prefopt::token_reduction::sum;
#endif
#ifndef NO_INPUTS
  static constexpr prefopt::loss_inputs inputs{};
#endif
#ifdef OF_REWARDS
  static constexpr bool reads_rewards = true;
#endif
#ifdef OF_A_VECTOR
  prefopt::list_loss operator()(const std::vector<prefopt::response_log_probs>&) const {
    return {};
  }
#elif defined(MUTABLE)
  prefopt::list_loss operator()(std::span<const prefopt::response_log_probs>) { return {}; }
#elif defined(NUMBER)
  double operator()(std::span<const prefopt::response_log_probs>) const { return 0; }
#elif defined(NUMBER_OF_PAIRS)
  double operator()(const prefopt::pair_log_probs&) const { return 0; }
#elif !defined(NOT_CALLED)
  prefopt::list_loss operator()(std::span<const prefopt::response_log_probs>) const { return {}; }
#endif
};

#ifndef NO_CHECK
inline void check(const loss&) {}
#endif

}  // namespace mine

void train(prefopt::bigram& policy, const prefopt::bigram& reference) {
  prefopt::trainer run{policy, reference, mine::loss{}};
  run.train(std::vector<prefopt::tokenized_pair>{});
}
