// SPDX-License-Identifier: MIT
// Training callbacks, and how an interrupted run continues with the same bits.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <prefopt/prefopt.hpp>

namespace {

using namespace prefopt;

const std::vector<tokenized_pair> pairs{{.prompt = {1}, .chosen = {2, 0}, .rejected = {3, 0}},
                                        {.prompt = {2, 2}, .chosen = {3, 3, 0}, .rejected = {1, 0}},
                                        {.prompt = {3}, .chosen = {1, 0}, .rejected = {1, 2, 0}}};
const std::vector<tokenized_pair> held_out{
    {.prompt = {1, 1}, .chosen = {2, 0}, .rejected = {3, 0}}};

std::vector<double> weights_of(bigram& policy) {
  const auto logits = policy.parameters()[0].value;
  return {logits.begin(), logits.end()};
}

// [printer]
struct printer {
  int evaluations = 0;

  void on_step(const step_report& step) const {
    std::printf("step %d: loss %.4f\n", int(step.step), step.loss);
  }
  void on_evaluate(const evaluation_report& report) {
    std::printf("held out: loss %.4f\n", report.loss);
    ++evaluations;
  }
};
// [/printer]

}  // namespace

int main() {
  struct snapshot {
    std::vector<double> weights;
    training_state<double> state;
  };
  std::map<std::int64_t, snapshot> saved;
  bigram policy(4);
  const auto reference = reference_log_probs(policy, pairs);
  const auto held_out_reference = reference_log_probs(policy, held_out);
  const trainer_options options{.learning_rate = 0.05, .batch_size = 2, .epochs = 3};

  printer print;
  // [run]
  // every second step, and after the last one
  evaluate_every evaluation{2, held_out, held_out_reference};
  save_every save{4, [&](const auto& run, const step_report& step) {
                    // together, the complete state of a run
                    saved[step.step] = {weights_of(policy), run.state()};
                    // errors name the last save
                    return "memory, step " + std::to_string(step.step);
                  }};
  trainer run{policy, reference, dpo{.beta = 0.1}, options};
  run.train(pairs, print, evaluation, save);
  // [/run]

  // [resume]
  bigram again(4);
  std::ranges::copy(saved[4].weights, again.parameters()[0].value.begin());
  trainer rest{again, reference, dpo{.beta = 0.1}, options};
  rest.restore(saved[4].state);
  rest.train(pairs);  // the remaining two of six steps
  // [/resume]

  const bool called = print.evaluations == 3 && saved.size() == 2 && saved[6].state.step == 6;
  const bool same_bits = weights_of(again) == weights_of(policy) && rest.state() == run.state();
  if (!called) std::puts("WRONG: not evaluated three times and saved twice");
  std::puts(same_bits ? "the resumed run ends with the same bits"
                      : "WRONG: the resumed run ends elsewhere");
  return called && same_bits ? 0 : 1;
}
