// SPDX-License-Identifier: MIT
// NONE: the loss reads a reference: pass reference_log_probs
// UNREAD: the loss reads no reference: pass no_reference
// NUMBER: the reference's token_log_probs\(const prefix_tree_batch&\) is missing
// TEMPORARY: the reference is a temporary, destroyed before the first step
// TEMPORARY_THAT_MOVES: the reference is a temporary, destroyed before the first step
// CONSTANT_THAT_MOVES: a reference that moves \(it has after_step\) must not be const
// OF_ANOTHER_POLICY: after_step must take \(Policy&, std::int64_t step\)

#include <utility>
#include <vector>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/frozen.hpp"
#include "prefopt/policy/moving_reference.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/trainer.hpp"

using namespace prefopt;

struct another : bigram {
  using bigram::bigram;
};

#ifdef UNREAD
using loss = sft;
#else
using loss = dpo;
#endif

void train(bigram& policy, const std::vector<tokenized_pair>& pairs) {
  const frozen still{bigram(policy)};
  moving_reference moving{bigram(policy)};
  moving_reference of_another{another(3)};
#ifdef NONE
  trainer run{policy, no_reference{}, loss{}};
#elif defined(NUMBER)
  const int number = 3;
  trainer run{policy, number, loss{}};
#elif defined(TEMPORARY)
  trainer run{policy, frozen{bigram(policy)}, loss{}};
#elif defined(TEMPORARY_THAT_MOVES)
  trainer run{policy, moving_reference{bigram(policy)}, loss{}};
#elif defined(CONSTANT_THAT_MOVES)
  trainer run{policy, std::as_const(moving), loss{}};
#elif defined(OF_ANOTHER_POLICY)
  trainer run{policy, of_another, loss{}};
#else
  trainer run{policy, still, loss{}};
#endif
  run.train(pairs);
}
