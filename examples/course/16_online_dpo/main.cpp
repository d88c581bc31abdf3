// SPDX-License-Identifier: MIT
//
// 16: What if the pairs come from the policy itself?
//
// You know:  that pairs of the reference teach a policy no more than they show (lesson 09).
// You learn: a loop that needs no people: let the policy answer twice, let a judge choose, take a
//            step, repeat. What it gains over as many pairs made beforehand, and what becomes of it
//            if the judge errs.
// Run:       ./lesson_16_online_dpo
// Expect:    a table over the number of judgments: with a judge that knows, online DPO goes far
//            beyond offline DPO; with a reward model as the judge, no further than that model sees.

#include <cstdio>
#include <string>
#include <vector>

#include "course/shared/gpt2_task.hpp"
#include "course/shared/lesson.hpp"
#include "course/shared/outcomes.hpp"

namespace {

using course::gpt2_task;
using course::gpt2_type;

constexpr std::size_t batch_size = 50;
const prefopt::dpo loss{.beta = 0.3};

prefopt::trainer_options options_of(std::size_t judgements) {
  return {.learning_rate = 3e-3,
          .warmup_steps = 5,
          .batch_size = static_cast<std::int64_t>(batch_size),
          .max_steps = static_cast<std::int64_t>(judgements / batch_size)};
}

course::outcome outcome_of(const gpt2_task& task, const gpt2_type& policy, double seconds) {
  const auto before = task.measure(task.reference()), now = task.measure(policy);
  return {now.reward - before.reward, now.divergence, seconds};
}

/// The same number of pairs of the reference, each read once.
course::outcome offline(const gpt2_task& task, std::size_t judgements, std::uint64_t seed) {
  const course::stopwatch watch;
  gpt2_type policy = task.reference().clone();
  const auto pairs = task.pairs(judgements, seed);
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  prefopt::trainer trainer{policy, reference, loss, options_of(judgements)};
  trainer.train(pairs);
  return outcome_of(task, policy, watch.seconds());
}

// [online]
template <class Judge>
course::outcome online(const gpt2_task& task, std::size_t judgements, std::uint64_t seed,
                       const Judge& judge) {
  const course::stopwatch watch;
  gpt2_type policy = task.reference().clone();
  prefopt::trainer trainer{policy, task.reference(), loss, options_of(judgements)};
  prefopt::random_generator random(seed, 7);
  for (std::size_t done = 0; done < judgements; done += batch_size) {
    const auto prompts = task.prompts(batch_size, seed + (done << 32));
    const auto judged =
        prefopt::judged_pairs(policy, prompts, judge, gpt2_task::generation, random);
    if (judged.pairs.empty()) break;  // the judge can no longer tell anything apart
    trainer.step(judged.pairs);
  }
  return outcome_of(task, policy, watch.seconds());
}
// [/online]

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "16_online_dpo");
  const auto seeds = lesson.size<std::uint64_t>(1, 8);
  const auto sizes = lesson.size<std::vector<std::size_t>>({4000}, {500, 1000, 2000, 4000, 8000});
  const std::string fixed = "offline", knowing = "online: true reward",
                    people = "online: noisy people", model = "online: reward model";
  std::vector<course::outcomes> lines;
  for (const std::string& method : {fixed, people, knowing, model})
    for (const std::size_t size : sizes) lines.emplace_back(method, static_cast<double>(size));

  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const gpt2_task task(seed);
    const auto reward = task.train_reward_model(task.pairs(2000, seed));
    prefopt::random_generator chance(seed, 8);
    // [judges]
    const gpt2_task& by_truth = task;                    // a scorer: the higher true reward wins
    const course::reward_model_type& by_model = reward;  // a scorer too, fitted to 2000 pairs
    const auto by_people = [&](const prefopt::tokenized_example& example) {
      const auto rewards = task(std::span(&example, 1));
      return course::world::bradley_terry(rewards[0] - rewards[1], chance) ? 0 : 1;
    };
    // [/judges]
    for (auto& one : lines) {
      const auto size = static_cast<std::size_t>(one.number());
      one.add(one.method() == fixed     ? offline(task, size, seed)
              : one.method() == knowing ? online(task, size, seed, by_truth)
              : one.method() == people  ? online(task, size, seed, by_people)
                                        : online(task, size, seed, by_model));
    }
  }
  course::report(lesson, lines, "table", "judged");

  const auto most = [&](std::size_t method) {
    return lines[(method + 1) * sizes.size() - 1].reward().mean;
  };
  lesson.claim(most(1) > 1.2 * most(0),
               "judged by the same noisy people, online DPO earns more than offline DPO");
  lesson.claim(most(2) > most(1), "a judge who is never wrong teaches more");
  lesson.claim(most(3) < most(1),
               "a reward model of 2000 pairs as judge teaches less than people who are asked anew");
  return lesson.end();
}
