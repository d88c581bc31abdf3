// SPDX-License-Identifier: MIT
//
// 02: Which policy is the best, and can it be written down?
//
// You know:  what a policy, a reward and a reference are, and what a policy that is trained too
//            hard loses (lesson 01).
// You learn: the objective "reward minus beta times divergence", its optimum in closed form, why no
//            other policy does better, the frontier that beta traces, and that a reward may be
//            shifted for each prompt.
// Run:       ./lesson_02_optimal_policy
// Expect:    for each beta, what the closed form is worth, and how far below it gradient ascent and
//            random policies end.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include <prefopt/core/random.hpp>
#include "course/shared/lesson.hpp"

namespace {

// [objective]
constexpr std::size_t V = 8, all = V * V;  // 8 prompts, 8 responses to each
using table =
    std::array<double, all>;  // one number each: at i, that of response i % V to prompt i / V

struct standing {
  double reward = 0, divergence = 0;  // E r(x, y) and KL(pi || pi_ref) in nats, means over prompts
  [[nodiscard]] double objective(double beta) const { return reward - beta * divergence; }
};

standing measure(const table& log_pi, const table& log_ref, const table& r) {
  standing mean;
  for (std::size_t i = 0; i < all; ++i) mean.reward += std::exp(log_pi[i]) * r[i] / V;
  for (std::size_t i = 0; i < all; ++i)
    mean.divergence += std::exp(log_pi[i]) * (log_pi[i] - log_ref[i]) / V;
  return mean;
}
// [/objective]

/// Turns any numbers into log-probs: subtracts log Z(x) = log sum_y exp(log_pi) for each prompt.
/// Returns the mean of log Z(x).
double normalize(table& log_pi) {
  std::array<double, V> z{};
  for (std::size_t i = 0; i < all; ++i) z[i / V] += std::exp(log_pi[i]);
  double mean = 0;
  for (std::size_t i = 0; i < all; ++i)
    log_pi[i] -= std::log(z[i / V]), mean += std::log(z[i / V]) / all;
  return mean;
}

// [ascent]
table ascend(const table& log_ref, const table& r, double beta, int steps) {
  table log_pi = log_ref;
  const auto worth = [&](std::size_t i) { return r[i] - beta * (log_pi[i] - log_ref[i]); };
  for (int step = 0; step < steps; ++step) {
    std::array<double, V> mean{};
    for (std::size_t i = 0; i < all; ++i) mean[i / V] += std::exp(log_pi[i]) * worth(i);
    for (std::size_t i = 0; i < all; ++i)
      log_pi[i] += 1 / beta * std::exp(log_pi[i]) * (worth(i) - mean[i / V]);
    normalize(log_pi);
  }
  return log_pi;
}
// [/ascent]

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "02_optimal_policy");
  const int seeds = lesson.size(2, 10), others = lesson.size(500, 2000),
            steps = lesson.size(2000, 4000);
  auto frontier = lesson.csv({"seed", "beta", "kl", "reward"}),
       cloud = lesson.csv({"kl", "reward"}, "random");
  const auto keep = [](double& worst, double value) { worst = std::max(worst, std::abs(value)); };
  double formula = 0, identity = 0, moved = 0, worst_ascent = 0, closest = 1e9;
  {
    const course::lesson::region region("table");
    std::puts(
        "beta  reward           KL, nats         objective        ascent below by  best random below by");
    for (const double beta : {0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0}) {
      std::vector<double> reward, kl, objective, ascent, random_ones;
      for (int seed = 1; seed <= seeds; ++seed) {
        prefopt::random_generator random(static_cast<std::uint64_t>(seed));
        table log_ref, r;
        for (std::size_t i = 0; i < all; ++i) log_ref[i] = random.normal(), r[i] = random.normal();
        normalize(log_ref);
        // [closed form]
        table best = log_ref,
              shifted = log_ref;  // log pi*(y|x) = log pi_ref(y|x) + r(x, y) / beta - log Z(x)
        for (std::size_t i = 0; i < all; ++i)
          best[i] += r[i] / beta, shifted[i] += (r[i] + double(i / V)) / beta;
        const double log_z = normalize(best);
        normalize(shifted);
        const standing top = measure(best, log_ref, r);
        keep(formula, top.objective(beta) - beta * log_z);
        keep(moved, measure(shifted, best, r).divergence);
        // [/closed form]
        reward.push_back(top.reward), kl.push_back(top.divergence),
            objective.push_back(top.objective(beta));
        frontier.row({double(seed), beta, top.divergence, top.reward});
        ascent.push_back(top.objective(beta) -
                         measure(ascend(log_ref, r, beta, steps), log_ref, r).objective(beta));
        for (int k = 0; k < others; ++k) {
          table other = k % 2 == 0 ? best : log_ref;
          const double size = 5 * std::pow(1e-3, random.uniform());  // 0.005 to 5
          for (double& logit : other) logit += size * random.normal();
          normalize(other);
          const standing its = measure(other, log_ref, r);
          const double below = top.objective(beta) - its.objective(beta);
          keep(identity, below - beta * measure(other, best, r).divergence);
          random_ones.push_back(below);
          if (seed == 1 && k < 120) cloud.row({its.divergence, its.reward});
        }
      }
      std::printf("%-4g", beta);
      for (const auto& one :
           {course::spread_of(reward), course::spread_of(kl), course::spread_of(objective)})
        std::printf("  %5.3f +- %-6.3f", one.mean, one.deviation);
      std::printf("  %-15.1e  %.1e\n", std::ranges::max(ascent), std::ranges::min(random_ones));
      keep(worst_ascent, std::ranges::max(ascent)),
          closest = std::min(closest, std::ranges::min(random_ones));
    }
  }
  lesson.claim(formula < 1e-12, "the closed form is worth beta log Z");
  lesson.claim(identity < 1e-12,
               "any other policy is worth less, by beta KL(it || the closed form)");
  lesson.claim(closest > 0, "no random policy is as good as the closed form");
  lesson.claim(worst_ascent < 0.005,
               "gradient ascent from the reference ends within 0.005 of the closed form");
  lesson.claim(moved < 1e-12,
               "a reward with a number more for each prompt has the same closed form");
  return lesson.end();
}
