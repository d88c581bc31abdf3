// SPDX-License-Identifier: MIT
// A sum of losses, and a loss whose name is known only at run time.

#include <cstdio>
#include <string_view>
#include <vector>

#include <prefopt/prefopt.hpp>

namespace {

using namespace prefopt;

const std::vector<tokenized_pair> pairs{{.prompt = {1}, .chosen = {2, 0}, .rejected = {3, 0}},
                                        {.prompt = {3}, .chosen = {1, 0}, .rejected = {1, 2, 0}}};
const trainer_options options{.learning_rate = 0.05, .epochs = 5};

// [any]
any_loss loss_of(std::string_view name) {
  if (name == "dpo") return any_loss(dpo{.beta = 0.1});
  if (name == "simpo") return any_loss(simpo{.beta = 2, .gamma = 1});
  throw value_error("no loss of that name");
}
// [/any]

template <class Loss>
std::vector<double> trained(const Loss& loss) {
  bigram policy(4);
  const reference_cache reference = reference_log_probs(policy, pairs);
  trainer run{policy, reference, loss, options};
  run.train(pairs);
  const auto logits = policy.parameters()[0].value;
  return {logits.begin(), logits.end()};
}

}  // namespace

int main() {
  // [sum]
  const weighted_sum rpo{weighted{dpo{.beta = 0.1}, 1.0}, weighted{sft{}, 1.0}};
  const weighted_sum mpo{
      weighted{weighted_sum{weighted{dpo{}, 0.8}, weighted{bco_pair{}, 0.2}}, 1.0},
      weighted{sft{}, 1.0}};  // for more than two terms, use a sum as a term
  // [/sum]
  const bool holds =
      trained(loss_of("dpo")) == trained(dpo{.beta = 0.1}) && trained(rpo) != trained(mpo);
  std::puts(holds ? "by name as by type" : "WRONG: by name is not as by type");
  return holds ? 0 : 1;
}
