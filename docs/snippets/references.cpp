// SPDX-License-Identifier: MIT
// The four kinds of references.

#include <cstdio>
#include <utility>
#include <vector>

#include <prefopt/prefopt.hpp>

namespace {

using namespace prefopt;

const std::vector<tokenized_pair> pairs{{.prompt = {1}, .chosen = {2, 0}, .rejected = {3, 0}},
                                        {.prompt = {2, 2}, .chosen = {3, 3, 0}, .rejected = {1, 0}},
                                        {.prompt = {3}, .chosen = {1, 0}, .rejected = {1, 2, 0}}};
const trainer_options options{.learning_rate = 0.05, .batch_size = 2, .epochs = 5};

/// The trained table of a new policy.
template <class Train>
std::vector<double> trained(const Train& train) {
  bigram policy(4);
  train(policy);
  const auto logits = policy.parameters()[0].value;
  return {logits.begin(), logits.end()};
}

}  // namespace

int main() {
  const auto by_cache = trained([](bigram& policy) {
    // [cache]
    // now, before the policy changes
    const reference_cache reference = reference_log_probs(policy, pairs);
    trainer run{policy, reference, dpo{.beta = 0.1}, options};
    run.train(pairs);
    // [/cache]
  });
  const auto by_model = trained([](bigram& policy) {
    bigram other_model(4);
    // [frozen]
    const frozen reference{std::move(other_model)};
    trainer run{policy, reference, dpo{.beta = 0.1}, options};
    run.train(pairs);
    // [/frozen]
  });
  const auto following = trained([](bigram& policy) {
    bigram start(4);
    // [moving]
    moving_reference reference{std::move(start), {.mixup_alpha = 0.6, .sync_steps = 4}};
    trainer run{policy, reference, dpo{.beta = 0.1}, options};
    run.train(pairs);  // the trainer updates it
    // [/moving]
  });
  const auto supervised = trained([](bigram& policy) {
    // [none]
    // for a loss that reads no reference
    trainer run{policy, no_reference{}, sft{}, options};
    run.train(pairs);
    // [/none]
  });
  const bool holds = by_cache == by_model && by_cache != supervised && by_cache != following;
  std::puts(holds ? "cache and model train alike" : "WRONG: cache and model train differently");
  return holds ? 0 : 1;
}
