// expects: one of policy and loss uses rewards
// SPDX-License-Identifier: MIT

#include <vector>

#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/trainer.hpp"

#ifdef CONTROL
using policy_type = prefopt::reward_model<prefopt::value_table>;
#else
using policy_type = prefopt::bigram;
#endif

void train(policy_type& policy, const std::vector<prefopt::tokenized_pair>& pairs) {
  prefopt::trainer run{policy, prefopt::no_reference{}, prefopt::bradley_terry{}};
  run.train(pairs);
}
