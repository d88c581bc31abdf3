// SPDX-License-Identifier: MIT
//
// 11: What does a bad reference cost?
//
// You know:  the optimum reference * exp(r / beta) (lesson 02), DPO's margin (lesson 04), what beta
//            does (lesson 10).
// You learn: what DPO does with a reference that did not write the pairs. It earns reward, its
//            accuracy looks good, and it ends up somewhere else. Fine-tuning on the chosen
//            responses repairs that; a better start of the policy does not.
// Run:       ./lesson_11_reference
// Expect:    nine references for the same pairs: bad ones lead nats further from the writer, to the
//            same reward.

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"
#include "course/shared/world.hpp"

namespace {

enum base { writer, uniform, stranger, sharpened };
enum treatment { as_it_is, tuned, other_start, follows };
struct setting {
  const char* name;
  base reference;
  treatment how = as_it_is;
};
constexpr setting settings[] = {{"the writer", writer},
                                {"uniform", uniform},
                                {"of another world", stranger},
                                {"the writer, sharpened", sharpened},
                                {"uniform, tuned", uniform, tuned},
                                {"of another world, tuned", stranger, tuned},
                                {"of another world, other start", stranger, other_start},
                                {"of another world, follows", stranger, follows},
                                {"the writer, follows", writer, follows}};

struct outcome {
  double far = 0;       ///< KL(reference || writer), nats
  double moved = 0;     ///< KL(policy || writer), nats
  double gained = 0;    ///< the policy's true reward over the writer's
  double worth = 0;     ///< gained - beta * moved, what lesson 02 maximizes
  double accuracy = 0;  ///< share of other pairs in order
};

outcome train(const setting& setting, double beta, std::int64_t steps, std::uint64_t seed) {
  // [one run]
  course::world world(seed);
  prefopt::bigram reference = world.reference();  // it wrote the pairs
  if (setting.reference == uniform) reference = prefopt::bigram(course::world::vocabulary);
  if (setting.reference == stranger) reference = course::world(seed + 1000).reference();
  if (setting.reference == sharpened)
    for (const auto all = reference.parameters(); double& logit : all[0].value)
      logit *= 3;  // probabilities cubed
  const auto pairs = world.pairs(500), others = world.pairs(500);
  prefopt::trainer_options options{
      .learning_rate = 0.05, .max_grad_norm = 0, .batch_size = 50, .max_steps = 150, .seed = seed};
  if (setting.how == tuned) {
    prefopt::trainer fine_tuning{reference, prefopt::no_reference{}, prefopt::sft{}, options};
    fine_tuning.train(pairs);  // reads the chosen responses only
  }
  options.learning_rate = 0.2, options.max_steps = steps;
  prefopt::bigram policy = setting.how == other_start ? world.reference() : reference;
  prefopt::moving_reference moving{prefopt::bigram(reference),
                                   {.sync_steps = setting.how == follows ? steps / 4 : steps + 1}};
  prefopt::trainer trainer{policy, moving, prefopt::dpo{.beta = beta}, options};
  trainer.train(pairs);
  // [/one run]
  const auto after = world.measure(policy);
  const double gained = after.reward - world.measure(world.reference()).reward;
  const auto found =
      prefopt::evaluate(policy, reference, prefopt::dpo{.beta = beta}, others).metrics;
  return {world.measure(reference).divergence, after.divergence, gained,
          gained - beta * after.divergence,
          prefopt::find_metric(found, "rewards/accuracies").value()};
}

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "11_reference");
  const auto seeds = lesson.size<std::uint64_t>(2, 8);
  const auto steps = lesson.size<std::int64_t>(120, 400);
  const auto betas = lesson.full() ? std::vector{0.1, 1.0, 3.0} : std::vector{0.1, 1.0};
  auto csv = lesson.csv({"beta", "divergence", "divergence_sd", "reward", "reward_sd"});
  std::vector<outcome> means[3];
  for (std::size_t b = 0; b < betas.size(); ++b) {
    const course::lesson::region table("beta " + std::to_string(betas[b]).substr(0, 3));
    std::puts(
        "                               its KL to the   policy's       reward         less          accuracy");
    std::puts(
        "reference                      writer, nats    KL to him      gained         beta KL       elsewhere");
    for (std::size_t i = 0; i < std::size(settings); ++i) {
      std::vector<outcome> run;
      for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        run.push_back(train(settings[i], betas[b], steps, seed));
      std::printf("%-29s", settings[i].name);
      outcome mean, deviation;
      for (const auto what : {&outcome::far, &outcome::moved, &outcome::gained, &outcome::worth,
                              &outcome::accuracy}) {
        std::vector<double> values;
        for (const outcome& one : run) values.push_back(one.*what);
        mean.*what = course::spread_of(values).mean;
        deviation.*what = course::spread_of(values).deviation;
        std::printf("  %5.2f +- %.2f", mean.*what, deviation.*what);
      }
      std::puts("");
      csv.row({betas[b], mean.moved, deviation.moved, mean.gained, deviation.gained});
      means[b].push_back(mean);
    }
  }

  const auto &weak = means[0], &strong = means[1];
  bool lose = true, alike = true;
  for (const base bad : {uniform, stranger, sharpened}) {
    lose = lose && strong[bad].worth < strong[writer].worth - 0.7 &&
           weak[bad].worth > weak[writer].worth - 0.7;
    alike = alike && std::abs(strong[bad].accuracy - strong[writer].accuracy) < 0.03;
  }
  lesson.claim(lose,
               "bad references cost 0.7 or more of reward less beta KL at beta 1, and less at 0.1");
  lesson.claim(alike, "accuracy does not tell them from the writer");
  lesson.claim(strong[5].worth > strong[writer].worth - 0.6,
               "fine-tuned first, a stranger is nearly as good as he");
  lesson.claim(strong[6].moved > strong[2].moved - 0.6,
               "a policy that begins as the writer leaves him all the same");
  lesson.claim(strong[8].moved > strong[0].moved + 1,
               "a reference that follows lets the policy go further");
  return lesson.end();
}
