// SPDX-License-Identifier: MIT
//
// 17: When to use which?
//
// You know:  the methods (lessons 09 to 16), each on the ground that shows it best.
// You learn: what each earns on the same ground, for several kinds of data. Every run is stopped where it passes 3 nats
//            from the reference, and every method has its best coefficient; what is left is the direction it took.
// Run:       ./lesson_17_when_to_use_which
// Expect:    a table of methods and data: on clean pairs most are level, and the data decide more than the loss does.

#include <cstdio>
#include <map>
#include <prefopt/prefopt.hpp>
#include <string>
#include <utility>
#include <vector>

#include "course/forms.hpp"
#include "course/lesson.hpp"
#include "course/world.hpp"

namespace {

using course::world;
/// Remembers the best place on the policy's way within 3 nats, and stops the run behind them.
struct best_on_the_way {
  const world& truth;
  const prefopt::bigram& policy;
  world::standing& best;

  prefopt::run_flow on_step(const prefopt::step_report&) {
    const auto now = truth.measure(policy);
    if (now.divergence > 3) return prefopt::run_flow::stop;
    if (now.reward > best.reward) best = now;
    return prefopt::run_flow::go_on;
  }
};
/// What people say is by chance (Bradley and Terry) but for the rows that say otherwise.
std::vector<std::pair<std::string, std::vector<prefopt::tokenized_example>>> data_of(world& world) {
  const auto flipped = [](double by, auto& random) {
    return world::bradley_terry(by, random) != (random.uniform() < 0.3);
  };
  const prefopt::bigram stranger(world::vocabulary);  // writes any token with the same probability
  return {
      {"2000 pairs", course::as_examples(world.pairs(2000))},
      {"2000 pairs: 30% flipped", course::as_examples(world.pairs(2000, flipped))},
      {"100 pairs: always the better", course::as_examples(world.pairs(100, world::deterministic))},
      {"2000 pairs of a stranger", course::as_examples(world.pairs_of(stranger, 2000))},
      {"1000 lists of four", world.lists(1000)},
      {"4000 alone: liked or not", course::unpaired(world.pairs(2000), 64)}};
}

// [methods]
using variants = std::vector<prefopt::any_loss>;

template <class Loss>
variants at(Loss loss, std::vector<double> betas = {0.03, 0.1, 0.3}) {
  variants all;
  for (const double beta : betas) {
    loss.beta = beta;
    all.emplace_back(loss);
  }
  return all;
}

std::vector<std::pair<std::string, variants>> methods_for(const std::string& data) {
  if (data.find("alone") != std::string::npos)
    return {{"KTO", at(prefopt::kto{})}, {"BCO", at(prefopt::bco{})}};
  if (data.find("lists") != std::string::npos)
    return {{"Plackett-Luce", at(prefopt::plackett_luce_dpo{})}, {"S-DPO", at(prefopt::s_dpo{})}};
  return {{"DPO", at(prefopt::dpo{})},
          {"cDPO", at(prefopt::dpo{.label_smoothing = 0.3})},
          {"robust DPO", at(prefopt::robust_dpo{.label_smoothing = 0.3})},
          {"IPO", at(prefopt::summed_ipo{})},
          {"SimPO", at(prefopt::simpo{}, {0.5, 1, 2})},
          {"ORPO", at(prefopt::orpo{}, {0.3, 1, 3})}};
}
// [/methods]

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "17_when_to_use_which");
  const auto seeds = lesson.size<std::uint64_t>(1, 10);
  prefopt::trainer_options options{.learning_rate = 0.02, .schedule = prefopt::schedule::constant};
  options.pairs_per_step = 50, options.max_steps = lesson.size<std::int64_t>(150, 1500);
  std::map<std::pair<std::string, std::string>, std::vector<double>> gained,
      moved;  // by data and method
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    world world(seed);
    const double before = world.measure(world.reference()).reward;
    options.seed = seed;
    for (const auto& [data, examples] : data_of(world)) {
      for (const auto& [method, losses] : methods_for(data)) {
        course::world::standing best{before};
        for (const prefopt::any_loss& loss : losses) {
          prefopt::bigram policy = world.reference();
          prefopt::trainer trainer{policy, world.reference(), loss, options};
          trainer.run(examples, best_on_the_way{world, policy, best});
        }
        gained[{data, method}].push_back(best.reward - before);
        moved[{data, method}].push_back(best.divergence);
      }
    }
  }
  {
    const course::lesson::region table("table");
    std::printf("%-29s %-14s gained reward   at nats  (%d worlds)\n", "data", "method", int(seeds));
    for (const auto& [of, values] : gained) {
      const auto [mean, deviation] = course::spread_of(values);
      std::printf("%-29s %-14s %+5.2f +- %.2f   %.2f\n", of.first.c_str(), of.second.c_str(), mean,
                  deviation, course::spread_of(moved[of]).mean);
    }
  }
  const auto of = [&](const char* data, const char* loss) {
    return course::spread_of(gained[{data, loss}]).mean;
  };
  const double clean = of("2000 pairs", "DPO");
  lesson.claim(of("2000 pairs: 30% flipped", "DPO") < 0.9 * clean,
               "flipped labels cost DPO more than a tenth");
  lesson.claim(of("2000 pairs", "SimPO") > 0.75 * clean && of("2000 pairs", "IPO") > 0.75 * clean,
               "on clean pairs the choice between DPO, IPO and SimPO costs less than a quarter");
  lesson.claim(
      of("2000 pairs", "SimPO") < clean && of("2000 pairs", "ORPO") < clean,
      "for the same divergence SimPO and ORPO, which have no reference, earn less than DPO");
  return lesson.end();
}
