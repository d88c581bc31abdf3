// SPDX-License-Identifier: MIT
//
// 10: What does beta do?
//
// You know:  the DPO loss and its slopes (lesson 04), and the optimum that it seeks (lessons 02 and
//            03).
// You learn: whether a large or a small beta stays near the reference. Lectures differ, and each
//            side can be measured: it depends on how far from its optimum a run stops. And what a
//            small beta does with few pairs.
// Run:       ./lesson_10_beta
// Expect:    the divergence against beta for four ways to train: it rises, stays or falls. Then
//            what long runs earn.

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"
#include "course/shared/world.hpp"

namespace {

constexpr std::array betas{0.01, 0.03, 0.1, 0.3, 1.0, 3.0};

struct outcome {
  double gained = 0;          ///< true reward over the reference's
  double moved = 0;           ///< KL(policy || reference), nats
  double margin = 0;          ///< mean of its own pairs' margins h, nats
  double own = 0, other = 0;  ///< the shares of its own and of other pairs that it puts in order
};

outcome train(double beta, std::size_t count, const prefopt::trainer_options& options) {
  // [one run]
  course::world world(options.seed);
  const auto pairs = world.pairs(count), others = world.pairs(500);
  const prefopt::dpo loss{.beta = beta};
  prefopt::bigram policy = world.reference();
  prefopt::trainer trainer{policy, world.reference(), loss, options};
  trainer.train(pairs);
  const auto before = world.measure(world.reference()), after = world.measure(policy);
  const auto own = prefopt::evaluate(policy, world.reference(), loss, pairs).metrics;
  const auto other = prefopt::evaluate(policy, world.reference(), loss, others).metrics;
  // [/one run]
  const double margin =
      prefopt::find_metric(own, "rewards/margins").value() / beta;  // rewards are beta times these
  return {after.reward - before.reward, after.divergence, margin,
          prefopt::find_metric(own, "rewards/accuracies").value(),
          prefopt::find_metric(other, "rewards/accuracies").value()};
}

course::spread of(const std::vector<outcome>& over_seeds, double outcome::*number) {
  std::vector<double> values;
  for (const outcome& one : over_seeds) values.push_back(one.*number);
  return course::spread_of(values);
}

enum way { descent, early, usual, end, few };

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "10_beta");
  const auto seeds = lesson.size<std::uint64_t>(2, 8);
  const auto many_steps = lesson.size<std::int64_t>(150, 1500);
  auto csv = lesson.csv({"way", "beta", "divergence", "divergence_sd", "reward", "reward_sd"});
  std::vector<outcome> runs[few + 1][betas.size()];
  for (std::size_t b = 0; b < betas.size(); ++b) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      // [ways]
      const prefopt::trainer_options adam{.learning_rate = 0.02,
                                          .max_grad_norm = 0,
                                          .batch_size = 50,
                                          .max_steps = 30,
                                          .seed = seed};
      prefopt::trainer_options plain = adam, longer = adam, to_the_end = adam;
      plain.learning_rate = plain.adam_epsilon =
          1e6;  // next to this epsilon Adam's divisor is a constant
      longer.max_steps = 300;
      to_the_end.learning_rate =
          0.1 / betas[b];  // the optimum's margins go as 1 / beta, and so does the way there
      to_the_end.max_steps = many_steps;
      // [/ways]
      const std::array options{plain, adam, longer, to_the_end, to_the_end};
      for (const way w : {descent, early, usual, end, few})
        runs[w][b].push_back(train(betas[b], w == few ? 100 : 500, options[w]));
    }
    for (const way w : {descent, early, usual, end, few}) {
      const auto moved = of(runs[w][b], &outcome::moved), gained = of(runs[w][b], &outcome::gained);
      csv.row({double(w), betas[b], moved.mean, moved.deviation, gained.mean, gained.deviation});
    }
  }

  std::printf("%d worlds, long runs of %d steps\n", int(seeds), int(many_steps));
  const auto table = [&](const char* name, const char* head,
                         std::vector<std::pair<way, double outcome::*>> columns) {
    const course::lesson::region region(name);
    std::puts(head);
    for (std::size_t b = 0; b < betas.size(); ++b) {
      std::printf("%-5g", betas[b]);
      for (const auto& [w, number] : columns) {
        const auto [mean, deviation] = of(runs[w][b], number);
        std::printf("  %9.4g +- %7.3g", mean, deviation);
      }
      std::puts("");
    }
  };
  table("moved",
        "beta   descent, 30 steps      Adam, 30 steps         Adam, 300 steps        Adam, long",
        {{descent, &outcome::moved},
         {early, &outcome::moved},
         {usual, &outcome::moved},
         {end, &outcome::moved}});
  for (const way w : {end, few})
    table(
        w == end ? "many pairs" : "few pairs",
        "beta   reward gained          KL                     margin h               own in order           others",
        {{w, &outcome::gained},
         {w, &outcome::moved},
         {w, &outcome::margin},
         {w, &outcome::own},
         {w, &outcome::other}});

  const auto moved = [&](way w, std::size_t b) { return of(runs[w][b], &outcome::moved).mean; };
  const auto gain = [&](way w, std::size_t b) { return of(runs[w][b], &outcome::gained).mean; };
  bool falls = true;
  for (std::size_t b = 1; b < betas.size(); ++b) falls = falls && moved(end, b) < moved(end, b - 1);
  lesson.claim(moved(descent, 4) > 1000 * moved(descent, 0),
               "descent, 30 steps: 1000 times as far at 1 as at 0.01");
  lesson.claim(moved(early, 0) > moved(early, 2) && moved(early, 0) < 1.1 * moved(early, 2),
               "Adam, 30 steps: further at 0.01 than at 0.1, by less than a tenth");
  lesson.claim(falls, "Adam, long: the larger beta, the nearer");
  lesson.claim(gain(end, 2) > gain(end, 4) + 0.5, "many pairs: beta 0.1 earns more than 1");
  lesson.claim(
      gain(few, 0) - gain(few, 4) < (gain(end, 0) - gain(end, 4)) / 4,
      "few pairs: going from beta 1 to 0.01 adds less than a quarter of what it adds with many");
  return lesson.end();
}
