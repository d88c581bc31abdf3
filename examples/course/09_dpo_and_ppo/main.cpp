// SPDX-License-Identifier: MIT
//
// 09: What does DPO save compared with a reward model and PPO, and what does it give up?
//
// You know:  why a learned reward is risky (lesson 01), and that DPO does without one (lessons 03
//            to 08).
// You learn: what both reach on one task at equal divergence; what they cost in time; which of them
//            depends on the learning rate; and where PPO wins.
// Run:       ./lesson_09_dpo_and_ppo
// Expect:    a table over coefficients (true reward, divergence, seconds) and one over learning
//            rates. DPO is faster, and only PPO with the true reward goes far beyond what the pairs
//            show.

#include <cstdio>
#include <string>
#include <vector>

#include "course/shared/gpt2_task.hpp"
#include "course/shared/lesson.hpp"
#include "course/shared/outcomes.hpp"

namespace {

using course::gpt2_task;
using course::gpt2_type;

/// What the policy has gained, and what that cost.
course::outcome outcome_of(const gpt2_task& task, const gpt2_type& policy, double seconds) {
  const auto before = task.measure(task.reference()), now = task.measure(policy);
  return {now.reward - before.reward, now.divergence, seconds};
}

// [dpo]
course::outcome by_dpo(const gpt2_task& task, const std::vector<prefopt::tokenized_pair>& pairs,
                       double beta, double rate) {
  const course::stopwatch watch;
  gpt2_type policy = task.reference().clone();
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  prefopt::trainer trainer{
      policy,
      reference,
      prefopt::dpo{.beta = beta},
      {.learning_rate = rate, .warmup_steps = 5, .batch_size = 50, .epochs = 5}};
  trainer.train(pairs);
  return outcome_of(task, policy, watch.seconds());
}
// [/dpo]

// [ppo]
template <class Reward>
course::outcome by_ppo(const gpt2_task& task, const Reward& reward, double kl_coef, double rate) {
  const course::stopwatch watch;
  gpt2_type policy = task.reference().clone();
  prefopt::scalar_lm critic{task.reference()};
  prefopt::ppo_trainer trainer{
      policy,
      critic,
      task.reference(),
      reward,
      prefopt::ppo{.kl_coef = kl_coef},
      gpt2_task::generation,
      {.learning_rate = rate, .warmup_steps = 5, .batch_size = 64, .max_steps = 60}};
  trainer.train(task.prompts(640, 5));
  return outcome_of(task, policy, watch.seconds());
}
// [/ppo]

const std::string dpo = "DPO", learned = "reward model + PPO", known = "true reward + PPO";

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "09_dpo_and_ppo");
  const auto seeds = lesson.size<std::uint64_t>(1, 8);
  const auto coefficients = lesson.size<std::vector<double>>({0.1, 1}, {0.03, 0.1, 0.3, 1});
  const auto rates =
      lesson.size<std::vector<double>>({1e-3, 1e-2}, {1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2});
  std::vector<course::outcomes> frontier, by_rate;
  for (const std::string& method : {dpo, learned, known})
    for (const double coefficient : coefficients) frontier.emplace_back(method, coefficient);
  for (const std::string& method : {dpo, learned})
    for (const double rate : rates) by_rate.emplace_back(method, rate);

  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const gpt2_task task(seed);
    const auto pairs = task.pairs(2000, seed);
    const course::stopwatch watch;
    const auto reward = task.train_reward_model(pairs);
    const double to_fit = watch.seconds();
    const auto run = [&](const std::string& method, double coefficient, double rate) {
      if (method == dpo) return by_dpo(task, pairs, coefficient, rate);
      if (method == known) return by_ppo(task, task, coefficient, rate);
      auto found = by_ppo(task, reward, coefficient, rate);
      found.seconds += to_fit;
      return found;
    };
    for (auto& one : frontier) one.add(run(one.method(), one.number(), 3e-3));
    for (auto& one : by_rate) one.add(run(one.method(), 0.3, one.number()));
  }
  std::printf("%d seeds, 2000 pairs\n", static_cast<int>(seeds));
  course::report(lesson, frontier, "frontier", "coef");
  course::report(lesson, by_rate, "rates", "rate");

  const std::size_t count = coefficients.size(), slow = 0, fast = rates.size() - 1;
  bool learns = true;
  for (const auto& one : frontier)
    for (const double gained : one.rewards()) learns = learns && gained > 0.5;
  const auto moved = [&](std::size_t index) { return by_rate[index].divergence().mean; };
  lesson.claim(learns, "every method earns more than the reference, with every seed");
  lesson.claim(frontier[0].seconds().mean < frontier[count].seconds().mean,
               "DPO takes less time than a reward model and PPO");
  lesson.claim(frontier[2 * count].reward().mean > 2 * frontier[0].reward().mean,
               "PPO with the true reward goes far beyond what the pairs show");
  lesson.claim(
      moved(fast) / moved(slow) > 1.5 * moved(rates.size() + fast) / moved(rates.size() + slow),
      "how far DPO goes depends on the learning rate more than PPO does");
  return lesson.end();
}
