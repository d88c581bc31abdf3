// expects: constraints not satisfied|constraint.*not satisfied
// SPDX-License-Identifier: MIT

#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/step.hpp"

#ifdef CONTROL
using reading = prefopt::bradley_terry;
#else
using reading = prefopt::sft;
#endif

void gradient(prefopt::reward_model<prefopt::value_table>& policy,
              const std::vector<prefopt::tokenized_pair>& pairs,
              std::span<const std::size_t> members) {
  prefopt::accumulate_gradient(policy, prefopt::no_reference{}, reading{}, pairs, members);
}
