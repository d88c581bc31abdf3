// SPDX-License-Identifier: MIT
//
// 13: What do wrong labels cost, and what helps?
//
// You know:  how labels are drawn (lesson 03), what beta does (lesson 10), what smoothed labels do
//            (lesson 12).
// You learn: that flips shrink what DPO learns; that conservative DPO shrinks it further and robust
//            DPO stretches it, with no end that a few hundred pairs could set; and that none orders
//            responses much better.
// Run:       ./lesson_13_noisy_labels
// Expect:    a table over flip rates, with margins near the shares that the page derives and
//            accuracies that hardly differ between the losses; below it a wrong guess of the rate,
//            a smaller beta, and more steps.

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"
#include "course/shared/world.hpp"

using namespace prefopt;

namespace {

enum measured : std::size_t { reward, divergence, accuracy, margin };
using numbers = std::array<std::vector<double>, 4>;  // one per world

/// Trains with each world's labels flipped at the rate, and measures against the truth.
numbers train(double rate, const any_loss& loss, std::uint64_t worlds, std::int64_t steps) {
  numbers found;
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    // [one run]
    course::world world(seed);
    const auto flipping = [rate](double difference, random_generator& random) {
      const bool prefers = course::world::bradley_terry(difference, random);
      return random.uniform() < rate ? !prefers : prefers;
    };
    const auto pairs = world.pairs(500, flipping);  // the same responses at any rate
    const auto held_out = world.pairs(500, course::world::deterministic);
    bigram policy = world.reference();
    const trainer_options options{
        .learning_rate = 0.02, .batch_size = 50, .max_steps = steps, .seed = seed};
    trainer trainer{policy, world.reference(), loss, options};
    trainer.train(pairs);
    // [/one run]
    const auto clean = evaluate(policy, world.reference(), loss, held_out).metrics;
    found[reward].push_back(world.measure(policy).reward - world.measure(world.reference()).reward);
    found[divergence].push_back(world.measure(policy).divergence);
    found[accuracy].push_back(100 * *find_metric(clean, "rewards/accuracies"));
    found[margin].push_back(*find_metric(clean, "rewards/margins") / loss.reward_scale());
  }
  return found;
}
using course::spread_of;
double mean(const numbers& n, measured what) { return spread_of(n[what]).mean; }
std::vector<double> differences(const std::vector<double>& a, std::vector<double> b) {
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = a[i] - b[i];
  return b;
}

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "13_noisy_labels");
  const auto worlds = lesson.size<std::uint64_t>(2, 10);
  const auto steps = lesson.size<std::int64_t>(150, 400);
  constexpr double beta = 0.5;
  const auto run = [&](double rate, auto loss, int n = 1) {
    return train(rate, any_loss(loss), worlds, n * steps);
  };
  const numbers clean = run(0, dpo{.beta = beta}), plain = run(0.2, dpo{.beta = beta});
  const robust_dpo told{.beta = beta, .label_smoothing = 0.2};
  const numbers robust = run(0.2, told), longer = run(0.2, dpo{.beta = beta}, 5),
                robust_longer = run(0.2, told, 5);
  const numbers misled = run(0.2, dpo{.beta = beta, .label_smoothing = 0.4}),
                smaller = run(0.2, dpo{.beta = 0.3});
  auto csv = lesson.csv({"loss", "rate", "reward", "reward_sd", "accuracy", "accuracy_sd"});
  const auto row = [&](double rate, const char* name, const numbers& own, const numbers& against,
                       double derived) {
    std::printf("%.1f   %-18s", rate, name);
    for (const auto& values :
         {own[reward], differences(own[reward], against[reward]), own[divergence], own[accuracy],
          differences(own[accuracy], against[accuracy])})
      std::printf(" %5.2f +- %-4.2f ", spread_of(values).mean, spread_of(values).deviation);
    const auto earned = spread_of(own[reward]), right = spread_of(own[accuracy]);
    csv.row(name, {rate, earned.mean, earned.deviation, right.mean, right.deviation});
    const double share = mean(own, margin) / mean(clean, margin);
    std::printf(" %.2f   %.2f\n", share, derived);
    return std::abs(share - derived) < 0.15;
  };
  bool as_derived = true, in_order = true, alike = true;
  {
    const course::lesson::region table("table");
    std::printf("%d worlds, 500 pairs, %d steps, beta %g\n", static_cast<int>(worlds),
                static_cast<int>(steps), beta);
    std::puts(
        "flips loss              reward gained  over dpo's     KL             accuracy, %    over dpo's    share  due");
    row(0, "dpo", clean, clean, 1);
    for (const double e : lesson.size<std::vector<double>>({0.2, 0.3}, {0.1, 0.2, 0.3, 0.4})) {
      // [losses]
      const numbers ordinary = run(e, dpo{.beta = beta});
      const numbers conservative = run(e, dpo{.beta = beta, .label_smoothing = e});
      const numbers unbiased = run(e, robust_dpo{.beta = beta, .label_smoothing = e});
      // [/losses]
      as_derived = row(e, "dpo", ordinary, ordinary, 1 - 2 * e) && as_derived;
      as_derived =
          row(e, "conservative", conservative, ordinary, (1 - 2 * e) * (1 - 2 * e)) && as_derived;
      row(e, "robust", unbiased, ordinary, 1);
      const std::array kl{mean(conservative, divergence), mean(ordinary, divergence),
                          mean(unbiased, divergence)};
      in_order = in_order && kl[0] < kl[1] && kl[1] < kl[2];
      for (const numbers* other : {&conservative, &unbiased})
        alike = alike && std::abs(mean(*other, accuracy) - mean(ordinary, accuracy)) < 5;
    }
    row(0.2, "robust (0.4)", run(0.2, robust_dpo{.beta = beta, .label_smoothing = 0.4}), plain,
        0.6 / 0.2);
    row(0.2, "conservative (0.4)", misled, plain, 0.6 * 0.2);
    row(0.2, "dpo (beta 0.3)", smaller, plain, 1);
    row(0.2, "dpo (5x steps)", longer, longer, 0.6);
    row(0.2, "robust (5x steps)", robust_longer, longer, 1);
  }
  lesson.claim(mean(clean, accuracy) > mean(plain, accuracy) + 5,
               "a flip in five costs DPO more than 5 points");
  lesson.claim(alike, "told the rate, no loss is 5 points of accuracy from DPO");
  lesson.claim(as_derived,
               "margins shrink by about 1 - 2e with DPO, by its square with conservative DPO");
  lesson.claim(in_order, "robust DPO goes further than DPO, and conservative DPO less far");
  lesson.claim(std::abs(mean(smaller, reward) / mean(robust, reward) - 1) < 0.15,
               "beta 0.3 earns as robust DPO");
  lesson.claim(mean(robust_longer, margin) > 1.8 * mean(longer, margin),
               "in more steps robust DPO goes too far");
  lesson.claim(mean(misled, reward) < 0.5 * mean(plain, reward),
               "told 0.4, conservative DPO earns less than half");
  return lesson.end();
}
