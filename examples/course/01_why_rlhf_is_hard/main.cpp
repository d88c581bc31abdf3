// SPDX-License-Identifier: MIT
//
// 01: Why is learning from a learned reward hard?
//
// You know:  that a language model gives each token a probability, given the tokens before it; what
//            a gradient is.
// You learn: what a reward model and a policy are, and how the errors of the first become the
//            habits of the second.
// Run:       ./lesson_01_why_rlhf_is_hard
// Expect:    a table over the number of labeled pairs, the passes over them and the KL coefficient:
//            more passes raise what the reward model promises more than what is earned, more pairs
//            raise what is earned, and the reward model is least accurate on the responses that it
//            has caused.

#include <cstdio>
#include <map>
#include <span>
#include <vector>

#include "course/shared/gpt2_task.hpp"
#include "course/shared/lesson.hpp"

namespace {

using course::gpt2_task;
using course::gpt2_type;
using course::reward_model_type;
using course::spread_of;

/// Two responses of the policy to each of 1000 prompts.
std::vector<prefopt::tokenized_example> samples_of(const gpt2_task& task, const gpt2_type& policy) {
  prefopt::random_generator random(6);
  return prefopt::sample_responses(policy, task.prompts(1000, 6), 2, gpt2_task::generation, random);
}

double mean_of(const std::vector<double>& values) { return spread_of(values).mean; }

/// Share of pairs of responses that the reward model orders as their true rewards do; a tie counts
/// one half.
double accuracy(const std::vector<double>& guessed, const std::vector<double>& known) {
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
reward_model_type fit(const gpt2_task& task, std::size_t pairs, std::int64_t passes,
                      std::uint64_t seed) {
  reward_model_type reward(prefopt::scalar_lm{task.reference()});
  prefopt::trainer trainer{
      reward,
      prefopt::no_reference{},
      prefopt::bradley_terry{},
      {.learning_rate = 3e-3, .warmup_steps = 5, .batch_size = 50, .epochs = passes}};
  trainer.train(task.pairs(pairs, seed));
  return reward;
}
// [/stage one]

// [stage two]
gpt2_type pursue(const gpt2_task& task, const reward_model_type& reward, double kl_coef,
                 std::int64_t steps) {
  gpt2_type policy = task.reference().clone();
  prefopt::scalar_lm critic{task.reference()};
  prefopt::ppo_trainer trainer{
      policy,
      critic,
      task.reference(),
      reward,
      prefopt::ppo{.kl_coef = kl_coef},
      gpt2_task::generation,
      {.learning_rate = 3e-3, .warmup_steps = 5, .batch_size = 64, .max_steps = steps}};
  trainer.train(task.prompts(640, 5));
  return policy;
}
// [/stage two]

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "01_why_rlhf_is_hard");
  const auto seeds = lesson.size<std::uint64_t>(1, 6);
  const auto steps = lesson.size<std::int64_t>(60, 100);
  const auto sizes = lesson.size<std::vector<std::size_t>>({100, 1000}, {100, 300, 1000, 3000});
  const auto prices = lesson.size<std::vector<double>>({0.03}, {1, 0.1, 0.03});
  auto csv =
      lesson.csv({"pairs", "passes", "kl_coef", "promised", "promised_sd", "earned", "earned_sd"});

  struct sums {
    double promised = 0, earned = 0, before = 0, after = 0;  // at the lowest price, over all sizes
  };
  std::map<std::int64_t, sums> total;  // by passes
  std::vector<double> earned_by_size;  // at the lowest price and the fewest passes
  {
    const course::lesson::region table("table");
    std::puts(
        "pairs  passes  kl_coef  KL, nats  promised        earned          accuracy: before  after");
    for (const std::size_t pairs : sizes) {
      for (const std::int64_t passes : {10, 30}) {
        std::map<double, std::vector<double>> promised, earned, moved, before,
            after;  // by price, one per seed
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
          const gpt2_task task(seed);
          const reward_model_type reward = fit(task, pairs, passes, seed);
          const auto old = samples_of(task, task.reference());
          for (const double price : prices) {
            const gpt2_type policy = pursue(task, reward, price, steps);
            const auto now = samples_of(task, policy);
            promised[price].push_back(mean_of(reward(now)) - mean_of(reward(old)));
            earned[price].push_back(mean_of(task(now)) - mean_of(task(old)));
            moved[price].push_back(task.measure(policy).divergence);
            before[price].push_back(accuracy(reward(old), task(old)));
            after[price].push_back(accuracy(reward(now), task(now)));
          }
        }
        for (const double price : prices) {
          const auto p = spread_of(promised[price]), e = spread_of(earned[price]);
          std::printf(
              "%-5zu  %-6d  %-7g  %5.2f     %+5.2f +- %-5.2f  %+5.2f +- %-5.2f  %.2f              %.2f\n",
              pairs, int(passes), price, mean_of(moved[price]), p.mean, p.deviation, e.mean,
              e.deviation, mean_of(before[price]), mean_of(after[price]));
          csv.row({double(pairs), double(passes), price, p.mean, p.deviation, e.mean, e.deviation});
        }
        const double lowest = prices.back();
        total[passes].promised += mean_of(promised[lowest]),
            total[passes].earned += mean_of(earned[lowest]);
        total[passes].before += mean_of(before[lowest]),
            total[passes].after += mean_of(after[lowest]);
        if (passes == 10) earned_by_size.push_back(mean_of(earned[lowest]));
      }
    }
  }
  const sums &few = total[10], &many = total[30];
  lesson.claim(many.promised > 1.2 * few.promised, "three times the passes promise more");
  lesson.claim(many.earned / many.promised < 0.8 * few.earned / few.promised,
               "a smaller share of that promise is earned");
  lesson.claim(earned_by_size.back() > 3 * earned_by_size.front(),
               "at equal passes more pairs earn more");
  lesson.claim(many.after < many.before - 0.05 * double(sizes.size()),
               "the reward model is less accurate on the responses that it has caused");
  return lesson.end();
}
