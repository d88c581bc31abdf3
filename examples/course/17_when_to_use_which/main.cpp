// SPDX-License-Identifier: MIT
//
// 17: When to use which?
//
// You know:  the methods (lessons 09 to 16), each on the data that show it best.
// You learn: what each earns on the same data, for several kinds of data. Every run is stopped when
//            it passes 3 nats from the reference, and every method has its best coefficient; what
//            is left is the direction it took.
// Run:       ./lesson_17_when_to_use_which
// Expect:    a table of methods and data: the data decide more than the loss does, and DPO's two
//            differences from SimPO, the reference and the sum, are measured one by one.

#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/differences.hpp"
#include "course/shared/forms.hpp"
#include "course/shared/lesson.hpp"
#include "course/shared/world.hpp"

namespace {

using course::world;

/// Remembers the best point on the policy's path within 3 nats, and stops the run beyond.
struct best_on_the_way {
  const world& truth;
  const prefopt::bigram& policy;
  world::standing& best;

  prefopt::run_control on_step(const prefopt::step_report&) {
    const auto now = truth.measure(policy);
    if (now.divergence > 3) return prefopt::run_control::stop;
    if (now.reward > best.reward) best = now;
    return prefopt::run_control::keep_going;
  }
};
const std::string clean = "2000 pairs", flipped = "2000 pairs, 30% flipped",
                  singles = "4000 single", lists = "1000 lists";
using examples = std::vector<prefopt::tokenized_example>;

/// Labels are drawn from the Bradley-Terry model, unless the name says otherwise.
std::vector<std::pair<std::string, examples>> data_of(world& world, std::uint64_t seed) {
  prefopt::random_generator random(seed, 17);
  const auto flipping = [](double difference, prefopt::random_generator& chance) {
    return world::bradley_terry(difference, chance) != (chance.uniform() < 0.3);
  };
  const prefopt::bigram stranger(
      world::vocabulary);  // writes every token with the same probability
  return {{clean, course::as_examples(world.pairs(2000))},
          {flipped, course::as_examples(world.pairs(2000, flipping))},
          {"100 pairs, certain", course::as_examples(world.pairs(100, world::deterministic))},
          {"2000 of a stranger", course::as_examples(world.pairs_of(stranger, 2000))},
          {lists, world.lists(1000)},
          {singles, course::unpaired(course::single_responses(world, 4000, random), 64)}};
}

// [methods]
using variants = std::vector<prefopt::any_loss>;

/// The loss with each of these coefficients.
template <class Loss>
variants at(Loss loss, std::vector<double> betas = {0.03, 0.1, 0.3}) {
  variants all;
  for (const double beta : betas) loss.beta = beta, all.emplace_back(loss);
  return all;
}

std::vector<std::pair<std::string, variants>> methods_for(const std::string& data) {
  using namespace prefopt;
  if (data == singles) return {{"KTO", at(kto{})}, {"BCO", at(bco{})}};
  if (data == lists) return {{"Plackett-Luce", at(plackett_luce_dpo{})}, {"S-DPO", at(s_dpo{})}};
  return {{"DPO", at(dpo{})},                                          // sums, with a reference
          {"cDPO", at(dpo{.label_smoothing = 0.3})},                   // the same
          {"robust DPO", at(robust_dpo{.label_smoothing = 0.3})},      // the same
          {"IPO", at(summed_ipo{})},                                   // the same
          {"CPO", at(cpo{})},                                          // sums, without a reference
          {"DPO of means", at(length_normalized_dpo{}, {0.3, 1, 3})},  // means, with a reference
          {"SimPO", at(simpo{}, {0.3, 1, 3})},                         // means, without a reference
          {"ORPO", at(orpo{}, {0.3, 1, 3})}};                          // the same
}
// [/methods]

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "17_when_to_use_which");
  const auto seeds = lesson.size<std::uint64_t>(2, 10);
  prefopt::trainer_options options{.learning_rate = lesson.size(0.08, 0.02),
                                   .schedule = prefopt::schedule::constant};
  options.batch_size = 50;
  options.max_steps = lesson.size<std::int64_t>(100, 1500);
  struct row {
    std::vector<double> gained, nats;  // one per world
  };
  std::map<std::pair<std::string, std::string>, row> rows;  // by data and method
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    world world(seed);
    const double before = world.measure(world.reference()).reward;
    options.seed = seed;
    for (const auto& [data, examples] : data_of(world, seed)) {
      for (const auto& [method, losses] : methods_for(data)) {
        course::world::standing best{before};
        for (const prefopt::any_loss& loss : losses) {
          prefopt::bigram policy = world.reference();
          prefopt::trainer trainer{policy, world.reference(), loss, options};
          trainer.train(examples, best_on_the_way{world, policy, best});
        }
        rows[{data, method}].gained.push_back(best.reward - before);
        rows[{data, method}].nats.push_back(best.divergence);
      }
    }
  }
  // Against DPO on the same pairs; lists and single responses against DPO on the clean pairs.
  const auto less_dpo = [&](const std::string& data, const std::string& method) {
    const auto& dpo = rows.at({data == lists || data == singles ? clean : data, "DPO"});
    return course::difference_of(rows.at({data, method}).gained, dpo.gained);
  };
  {
    const course::lesson::region table("table");
    std::printf("%-24s %-14s gained reward   less DPO's       at nats  (%d worlds)\n", "data",
                "method", int(seeds));
    for (const auto& [of, row] : rows) {
      const auto [mean, deviation] = course::spread_of(row.gained);
      const auto [less, error] = less_dpo(of.first, of.second);
      std::printf("%-24s %-14s %+5.2f +- %.2f   %+5.2f +- %.2f   %.2f\n", of.first.c_str(),
                  of.second.c_str(), mean, deviation, less, error,
                  course::spread_of(row.nats).mean);
    }
  }
  const auto mean = [&](auto... of) { return course::spread_of(rows.at({of...}).gained).mean; };
  const auto behind = [&](const std::string& data, const char* method) {
    return -less_dpo(data, method).mean;
  };
  lesson.claim(mean(flipped, "DPO") < 0.9 * mean(clean, "DPO"),
               "flipped labels cost DPO more than a tenth");
  lesson.claim(
      behind(clean, "CPO") > 0 && behind(clean, "SimPO") > behind(clean, "CPO"),
      "on clean pairs leaving the reference out costs reward, and averaging as well costs more");
  lesson.claim(behind(flipped, "CPO") < 0.5 * behind(flipped, "SimPO"),
               "on flipped labels averaging costs more than leaving the reference out");
  lesson.claim(mean(singles, "BCO") > 0.6 * mean(clean, "DPO"),
               "single labels teach more than 60% of what pairs do");
  return lesson.end();
}
