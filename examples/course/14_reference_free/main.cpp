// SPDX-License-Identifier: MIT
//
// 14: What holds a policy back without a reference?
//
// You know:  that DPO's policy is held back by its reference (lessons 02, 10 and 11).
// You learn: what CPO, SimPO and ORPO save by leaving it out, and what holds back their policies
//            instead: the labels' noise, the end of training, or a supervised term; and which of
//            them forget where they started.
// Run:       ./lesson_14_reference_free
// Expect:    a table of losses from two starts, in which SimPO and ORPO's preference term go
//            farther than DPO, and the supervised term keeps ORPO near the responses that it is
//            shown; then one over learning rates.

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"
#include "course/shared/world.hpp"

using namespace prefopt;
using course::spread_of;

namespace {

enum measured : std::size_t { reward, divergence, length };
using numbers =
    std::array<std::vector<double>, 3>;  // one per world, relative to the writer of the responses

/// A reference that counts how often it is run.
struct counted {
  const bigram& model;
  std::int64_t& runs;
  auto token_log_probs(const prefix_tree_batch& batch) const {
    return ++runs, model.token_log_probs(batch);
  }
};

void print(std::initializer_list<std::vector<double>> columns) {
  for (const auto& values : columns)
    std::printf("  %5.2f +- %-4.2f", spread_of(values).mean, spread_of(values).deviation);
  std::puts("");
}

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "14_reference_free");
  const auto worlds = lesson.size<std::uint64_t>(2, 8);
  const auto points = lesson.size<std::vector<std::int64_t>>({300}, {30, 100, 300, 1000, 2000});
  std::int64_t asked = 0;
  const auto train = [&](const any_loss& loss, bool tuned, double rate, std::int64_t steps) {
    numbers found;
    for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
      // [one run]
      course::world world(seed);
      const auto pairs = world.pairs(500);  // the world's reference writes the responses
      const bigram start = tuned ? world.reference() : bigram(course::world::vocabulary);
      bigram policy = start;
      const trainer_options options{.learning_rate = rate,
                                    .schedule = schedule::constant,
                                    .batch_size = 25,
                                    .max_steps = steps};
      const counted reference{start, asked};
      if (loss.inputs.reference) trainer{policy, reference, loss, options}.train(pairs);
      if (!loss.inputs.reference) trainer{policy, no_reference{}, loss, options}.train(pairs);
      // [/one run]
      found[reward].push_back(world.measure(policy).reward -
                              world.measure(world.reference()).reward);
      found[divergence].push_back(world.measure(policy).divergence);
      found[length].push_back(world.measure(policy).length -
                              world.measure(world.reference()).length);
    }
    return found;
  };
  // [losses]
  const auto with_sft = [](auto loss) {
    return any_loss(weighted_sum{weighted{loss, 1}, weighted{sft{}, 1}});
  };
  const std::vector<std::pair<std::string, any_loss>> losses{
      {"dpo", any_loss(dpo{.beta = 0.1})},
      {"cpo", any_loss(cpo{.beta = 0.1})},
      {"simpo", any_loss(simpo{.beta = 2})},
      {"simpo gamma 2", any_loss(simpo{.beta = 2, .gamma = 2})},
      {"orpo alone", any_loss(orpo{.beta = 1})},
      {"orpo 0.1 + sft", with_sft(orpo{.beta = 0.1})},
      {"orpo 1 + sft", with_sft(orpo{.beta = 1})},
      {"sft", any_loss(sft{})}};
  // [/losses]
  auto csv = lesson.csv({"loss", "steps", "divergence", "divergence_sd", "reward", "reward_sd"});
  std::map<std::string, numbers> end, other, slow, fast;
  {
    const course::lesson::region table("table");
    std::puts(
        "rate 0.02      asked   KL             reward gained  length         uniform: KL    reward gained");
    for (const auto& [name, loss] : losses) {
      for (const std::int64_t steps : points) {
        asked = 0;
        end[name] = train(loss, true, 0.02, steps);
        const auto far = spread_of(end[name][divergence]), earned = spread_of(end[name][reward]);
        csv.row(name, {static_cast<double>(steps), far.mean, far.deviation, earned.mean,
                       earned.deviation});
      }
      std::printf("%-15s %5d", name.c_str(),
                  static_cast<int>(asked / static_cast<std::int64_t>(worlds)));
      other[name] = train(loss, false, 0.02, points.back());
      const numbers &tuned = end[name], &uniform = other[name];
      print(
          {tuned[divergence], tuned[reward], tuned[length], uniform[divergence], uniform[reward]});
    }
    std::puts("300 steps            0.005: KL      reward gained  0.08: KL       reward gained");
    for (const auto& [name, loss] : losses) {
      std::printf("%-15s      ", name.c_str());
      slow[name] = train(loss, true, 0.005, 300);
      fast[name] = train(loss, true, 0.08, 300);
      print(
          {slow[name][divergence], slow[name][reward], fast[name][divergence], fast[name][reward]});
    }
  }
  const auto kl = [](const numbers& n) { return spread_of(n[divergence]).mean; };
  const auto earned = [](const numbers& n) { return spread_of(n[reward]).mean; };
  const auto start_matters = [&](const char* name) {
    return std::abs(kl(end[name]) - kl(other[name])) > 0.1;
  };
  const numbers &weak = end["orpo 0.1 + sft"], &strong = end["orpo 1 + sft"];
  lesson.claim(kl(fast["simpo"]) > 1.2 * kl(fast["dpo"]),
               "at a high learning rate SimPO goes farther than DPO");
  lesson.claim(kl(weak) < 0.3 * kl(end["dpo"]), "the supervised term holds ORPO nearer than DPO");
  lesson.claim(earned(weak) < 1.25 * earned(end["sft"]),
               "at 0.1 ORPO earns little more than that term alone");
  const bool better =
      kl(slow["dpo"]) < 1.3 * kl(strong) && earned(slow["dpo"]) > 1.2 * earned(strong);
  lesson.claim(better, "DPO, stopped about as near, earns more");
  lesson.claim(start_matters("dpo") && !start_matters("orpo 1 + sft"),
               "ORPO forgets its start, DPO does not");
  return lesson.end();
}
