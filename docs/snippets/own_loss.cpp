// SPDX-License-Identifier: MIT
// A loss and a callback that the library does not have, used in a run.

#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include <prefopt/prefopt.hpp>

namespace {

using namespace prefopt;

// [loss]
/// loss = max(0, 1 - beta h)^2: the hinge without its corner (truncated quadratic; Tang et al.
/// 2024, arXiv:2402.05749).
struct soft_hinge {
  double beta = 0.1;  ///< above 0

  // for messages; optional
  static constexpr std::string_view name = "soft_hinge";
  // how its inputs are reduced over tokens
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{.rejected = true, .reference = true};  // what it reads

  pair_loss operator()(const pair_log_probs& pair) const {
    const double short_of = 1 - beta * preference_margin(pair);
    if (short_of <= 0) return {};
    return through_margin(short_of * short_of, -2 * beta * short_of);
  }

  friend void check(const soft_hinge& loss) { check_beta(name, loss.beta); }
};
static_assert(pairwise_loss<soft_hinge>);
// [/loss]

// [callback]
/// Ends a run once the policy has preferred every pair's chosen response for ten steps in a row.
struct stop_when_learned {
  int steps_in_a_row = 0;

  run_control on_step(const step_report& report) {
    const bool all_right = find_metric(report.metrics, "rewards/accuracies") == 1.0;
    steps_in_a_row = all_right ? steps_in_a_row + 1 : 0;
    return steps_in_a_row == 10 ? run_control::stop : run_control::keep_going;
  }
};
// [/callback]

bool the_slopes_are_derivatives() {
  const soft_hinge loss{.beta = 0.3};
  const auto at = [&](double policy_chosen, double policy_rejected) {
    return loss({policy_chosen, policy_rejected, -2.5, -2.75, 3, 4});
  };
  constexpr double h = 1e-5;
  const double by_chosen = (at(-2 + h, -3).loss - at(-2 - h, -3).loss) / (2 * h);
  const double by_rejected = (at(-2, -3 + h).loss - at(-2, -3 - h).loss) / (2 * h);
  const pair_loss here = at(-2, -3);
  return std::abs(here.slope_chosen - by_chosen) < 1e-9 &&
         std::abs(here.slope_rejected - by_rejected) < 1e-9;
}

bool a_run_learns_and_stops() {
  const std::vector<tokenized_pair> pairs{{.prompt = {1}, .chosen = {2, 0}, .rejected = {3, 0}},
                                          {.prompt = {2}, .chosen = {3, 3, 0}, .rejected = {1, 0}}};
  bigram policy(4);
  const auto reference = reference_log_probs(policy, pairs);
  // [run]
  trainer run{policy, reference, soft_hinge{.beta = 0.1}, {.learning_rate = 0.05, .epochs = 1000}};
  const std::int64_t steps = run.train(pairs, stop_when_learned{});
  // [/run]
  std::printf("learned after %d of 1000 steps\n", static_cast<int>(steps));
  return steps >= 10 && steps < 1000;
}

}  // namespace

int main() {
  const bool slopes = the_slopes_are_derivatives(), learns = a_run_learns_and_stops();
  if (!slopes) std::puts("WRONG: the slopes are not the derivatives");
  if (!learns) std::puts("WRONG: the run did not stop when it had learned");
  return slopes && learns ? 0 : 1;
}
