// SPDX-License-Identifier: MIT
//
// 12: What if one response always wins?
//
// You know:  what beta does to DPO's optimum (lessons 03 and 10).
// You learn: that if labels are certain, DPO has no optimum to stop at, for any beta: the margin
//            grows as long as training continues. IPO's margin ends at 1 / (2 beta); that of DPO
//            with smoothed labels ends as well. Whether a growing margin costs true reward is a
//            separate question.
// Run:       ./lesson_12_overconfidence
// Expect:    a table over steps, in which the margins of dpo grow and the others level off; next to
//            them what the policies are worth.

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"
#include "course/shared/world.hpp"

using namespace prefopt;

namespace {

/// What is measured of a policy, one number per seed; the pairs' margin and log-probs are relative
/// to the reference.
enum measured : std::size_t { margin, divergence, reward, chosen, rejected };
using numbers = std::array<std::vector<double>, 5>;

void note(numbers& seen, const course::world& world, const bigram& policy, const any_loss& loss,
          const std::vector<tokenized_pair>& pairs) {
  const auto start = evaluate(world.reference(), world.reference(), loss, pairs).metrics;
  const auto now = evaluate(policy, world.reference(), loss, pairs).metrics;
  const auto moved = [&](const char* name) {
    return *find_metric(now, name) - *find_metric(start, name);
  };
  seen[margin].push_back(moved("rewards/margins") /
                         loss.reward_scale());  // rewards are beta log(pi / pi_ref)
  seen[divergence].push_back(world.measure(policy).divergence);
  seen[reward].push_back(world.measure(policy).reward - world.measure(world.reference()).reward);
  seen[chosen].push_back(moved("logps/chosen"));
  seen[rejected].push_back(moved("logps/rejected"));
}

struct contender {
  const char* name;
  any_loss loss;
  double ends_at = 0;  ///< the margin, nats; 0: unknown
};

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "12_overconfidence");
  const auto seeds = lesson.size<std::uint64_t>(2, 10);
  const auto points = lesson.size<std::vector<std::int64_t>>({30, 100, 300, 1000},
                                                             {30, 100, 300, 1000, 3000, 10000});
  const std::size_t last = points.size() - 1;
  const double e = 0.1;
  const std::vector<contender> contenders{
      {"dpo 0.1", any_loss(dpo{.beta = 0.1})},
      {"dpo 0.3", any_loss(dpo{.beta = 0.3})},
      {"dpo 1", any_loss(dpo{.beta = 1})},
      {"dpo 0.3 smoothed", any_loss(dpo{.beta = 0.3, .label_smoothing = e}),
       std::log((1 - e) / e) / 0.3},
      {"summed_ipo 0.1", any_loss(summed_ipo{.beta = 0.1}), 1 / (2 * 0.1)},
      {"summed_ipo 0.02", any_loss(summed_ipo{.beta = 0.02}), 1 / (2 * 0.02)},
      {"ipo 0.1",
       any_loss(ipo{.beta = 0.1})}};  // ends where the averages over tokens are 5 nats apart

  auto csv =
      lesson.csv({"loss", "steps", "margin", "margin_sd", "divergence", "reward", "reward_sd"});
  std::vector<std::vector<numbers>> all(contenders.size(), std::vector<numbers>(points.size()));
  const auto at = [&](std::size_t loss, std::size_t p, measured what) {
    return course::spread_of(all[loss][p][what]);
  };
  std::printf("%d worlds, 8 pairs each\n", static_cast<int>(seeds));
  {
    const course::lesson::region table("table");
    std::puts(
        "loss, beta        steps   margin          KL              reward gained   log pi(y_w)     log pi(y_l)");
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        // [one run]
        course::world world(seed);
        const auto pairs = world.pairs(8, course::world::deterministic);
        bigram policy = world.reference();
        trainer trainer{policy,
                        world.reference(),
                        contenders[i].loss,
                        {.learning_rate = 0.02,
                         .schedule = schedule::constant,  // one that falls to 0 ends any growth
                         .max_steps = points.back()}};
        for (std::size_t p = 0; p <= last; ++p) {
          while (trainer.steps_done() < points[p]) trainer.step(pairs);
          note(all[i][p], world, policy, contenders[i].loss, pairs);
        }
        // [/one run]
      }
      for (std::size_t p = 0; p <= last; ++p) {
        csv.row(contenders[i].name,
                {static_cast<double>(points[p]), at(i, p, margin).mean, at(i, p, margin).deviation,
                 at(i, p, divergence).mean, at(i, p, reward).mean, at(i, p, reward).deviation});
        if (p % 2 == 0) continue;
        std::printf("%-17s %5d", p == 1 ? contenders[i].name : "", static_cast<int>(points[p]));
        for (const measured what : {margin, divergence, reward, chosen, rejected})
          std::printf("  %6.2f +- %-4.2f", at(i, p, what).mean, at(i, p, what).deviation);
        std::puts("");
      }
    }
  }
  bool grows = true, ends = true;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const double before = at(i, last - 1, margin).mean, now = at(i, last, margin).mean;
    if (i < 3) grows = grows && now > before + 1;
    if (contenders[i].ends_at > 0) ends = ends && std::abs(now / contenders[i].ends_at - 1) < 0.02;
  }
  lesson.claim(grows, "at each beta DPO's margin still grows");
  lesson.claim(
      ends,
      "the margin ends at log((1 - e) / e) / beta with smoothed labels, and at 1 / (2 beta) with IPO");
  lesson.claim(at(0, last, chosen).mean < 0,
               "DPO at beta 0.1 ends with the winner less likely than at first");
  lesson.claim(
      at(0, last, divergence).mean > 2 * at(0, 1, divergence).mean &&
          at(0, last, reward).mean < 1.5 * at(0, 1, reward).mean,
      "after 100 steps its KL more than doubles, and its true reward grows by less than half");
  return lesson.end();
}
