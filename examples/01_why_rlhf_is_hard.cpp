// SPDX-License-Identifier: MIT
//
// 01: Why is learning from a learned reward hard?
//
// You know:  that a language model gives each token a probability, given the tokens before it; what a gradient is.
// You learn: what a reward model and a policy are, and how the errors of the first become the habits of the second: the
//            harder a policy is trained, the less of what its reward model promises is true.
// Run:       ./lesson_01_why_rlhf_is_hard
// Expect:    a table over the number of labelled pairs and the strength of training: promised and earned reward part
//            where pairs are few, and the reward model tells good from bad worst on the responses that it has caused.

#include <cstdio>
#include <span>
#include <vector>

#include "course/gpt2_task.hpp"
#include "course/lesson.hpp"

namespace {

using course::gpt2_task;
using course::gpt2_type;
using course::reward_model_type;
using course::spread_of;

/// Two responses of the policy to each of some prompts.
std::vector<prefopt::tokenized_example> samples_of(const gpt2_task& task, const gpt2_type& policy) {
  prefopt::random_generator random(6);
  return prefopt::sample_responses(policy, task.prompts(1000, 6), 2, gpt2_task::generation, random);
}

double mean_of(const std::vector<double>& values) { return spread_of(values).mean; }

/// How often the reward model puts two responses in the order of their true rewards; a tie counts one half.
double agreement(const std::vector<double>& guessed, const std::vector<double>& known) {
  double right = 0, pairs = 0;
  for (std::size_t i = 0; i < known.size(); i += 2) {
    if (known[i] == known[i + 1]) continue;
    const double product = (guessed[i] - guessed[i + 1]) * (known[i] - known[i + 1]);
    right += product > 0 ? 1 : product == 0 ? 0.5 : 0;
    pairs += 1;
  }
  return right / pairs;
}

// [stage one]
reward_model_type fit(const gpt2_task& task, std::size_t pairs, std::uint64_t seed) {
  reward_model_type reward(prefopt::gpt2_scalar_model{task.reference()});
  prefopt::trainer trainer{
      reward,
      prefopt::no_reference{},
      prefopt::bradley_terry{},
      {.learning_rate = 3e-3, .warmup_steps = 5, .pairs_per_step = 50, .max_steps = 200}};
  trainer.run(task.pairs(pairs, seed));
  return reward;
}
// [/stage one]

// [stage two]
gpt2_type pursue(const gpt2_task& task, const reward_model_type& reward, double kl_coef,
                 std::int64_t steps) {
  gpt2_type policy = task.reference().clone();
  prefopt::gpt2_scalar_model critic{task.reference()};
  prefopt::ppo_trainer trainer{
      policy,
      critic,
      task.reference(),
      reward,
      prefopt::ppo{.kl_coef = kl_coef},
      gpt2_task::generation,
      {.learning_rate = 3e-3, .warmup_steps = 5, .pairs_per_step = 64, .max_steps = steps}};
  trainer.run(task.prompts(640, 5));
  return policy;
}
// [/stage two]

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "01_why_rlhf_is_hard");
  const auto seeds = lesson.size<std::uint64_t>(1, 6);
  const auto steps = lesson.size<std::int64_t>(60, 100);
  const auto sizes = lesson.size<std::vector<std::size_t>>({100, 2000}, {100, 300, 1000, 3000});
  const auto prices = lesson.size<std::vector<double>>({1, 0.03}, {1, 0.3, 0.1, 0.03});
  auto csv = lesson.csv(
      {"pairs", "kl_coef", "kl", "promised", "promised_sd", "earned", "earned_sd", "agreement"});

  std::vector<double> shares, agreements,
      before;  // of the strongest training, by number of pairs: earned / promised
  {
    const course::lesson::region table("table");
    std::printf("pairs  kl_coef  divergence, nats  promised        earned          order right\n");
    for (const std::size_t pairs : sizes) {
      for (const double price : prices) {
        std::vector<double> promised, earned, moved, right, right_before;
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
          const gpt2_task task(seed);
          const reward_model_type reward = fit(task, pairs, seed);
          const gpt2_type policy = pursue(task, reward, price, steps);
          const auto old = samples_of(task, task.reference()), now = samples_of(task, policy);
          promised.push_back(mean_of(reward(now)) - mean_of(reward(old)));
          earned.push_back(mean_of(task(now)) - mean_of(task(old)));
          moved.push_back(task.measure(policy).divergence);
          right.push_back(agreement(reward(now), task(now)));
          right_before.push_back(agreement(reward(old), task(old)));
        }
        const auto p = spread_of(promised), e = spread_of(earned);
        std::printf(
            "%-5zu  %-7g  %6.2f            %+5.2f +- %-5.2f  %+5.2f +- %-5.2f  %.2f, before %.2f\n",
            pairs, price, mean_of(moved), p.mean, p.deviation, e.mean, e.deviation, mean_of(right),
            mean_of(right_before));
        csv.row({static_cast<double>(pairs), price, mean_of(moved), p.mean, p.deviation, e.mean,
                 e.deviation, mean_of(right)});
        if (price != prices.back()) continue;
        shares.push_back(e.mean / p.mean);
        agreements.push_back(mean_of(right));
        before.push_back(mean_of(right_before));
      }
    }
  }
  lesson.claim(shares.front() < 0.6,
               "from 100 pairs, less than 60% of what the reward model promises is earned");
  lesson.claim(shares.back() > 1.5 * shares.front(),
               "the more pairs, the more of the promise is true");
  lesson.claim(
      agreements.back() < before.back() - 0.1,
      "the reward model orders the responses that it has caused worse than those it was fitted on");
  return lesson.end();
}
