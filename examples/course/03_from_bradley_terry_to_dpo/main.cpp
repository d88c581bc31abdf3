// SPDX-License-Identifier: MIT
//
// 03: How can preferences train a policy without a reward model?
//
// You know:  what a reward model is (lesson 01), and the optimal policy of a reward in closed form
//            (lesson 02).
// You learn: how rewards explain preferences, how a reward is fitted to them, and that the closed
//            form, read backwards, turns the fit of a reward into the fit of a policy: the DPO
//            loss.
// Run:       ./lesson_03_from_bradley_terry_to_dpo
// Expect:    for each number of pairs, two ways to the same policy, which comes nearer to the true
//            optimum with more pairs.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <vector>

#include <prefopt/prefopt.hpp>
#include "course/shared/lesson.hpp"

using namespace prefopt;

namespace {

constexpr double beta = 0.5;
constexpr std::size_t
    each = 4,
    V = 2 * each;  // 4 responses to each of 2 prompts; token v is a response to v / each
double log_prob(const bigram& policy, std::size_t v) { return policy.log_prob(v / each, v); }
double& logit(bigram& policy, std::size_t v) {
  return policy.parameters()[0].value[v / each * V + v];
}

bigram closed_form(bigram reference, std::span<const double> r) {
  for (std::size_t v = 0; v < V; ++v) logit(reference, v) += r[v] / beta;
  return reference;
}

/// Total variation: the share of probability that would have to move, mean over prompts.
double distance(const bigram& a, const bigram& b) {
  double sum = 0;
  for (std::size_t v = 0; v < V; ++v)
    sum += std::abs(std::exp(log_prob(a, v)) - std::exp(log_prob(b, v)));
  return sum / 2 * each / V;
}

struct result {
  double fitted_far = 0, direct_far = 0, apart = 0, loss_gap = 0;
  std::vector<double> r = {}, fitted = {},
                      implied = {};  // rewards: true, the model's, those of DPO's policy
};

result train(std::uint64_t seed, std::size_t count) {
  random_generator random(seed);
  std::vector<double> r;
  bigram reference(V);
  std::ranges::fill(reference.parameters()[0].value,
                    -1000);  // only the prompt's own responses are possible
  for (std::size_t v = 0; v < V; ++v)
    r.push_back(random.normal()), logit(reference, v) = 0.5 * random.normal();
  // [pairs]
  const auto judge = [&](const tokenized_example& two) {
    const auto reward = [&](std::size_t k) {
      return r[static_cast<std::size_t>(two.responses[k][0])];
    };
    return random.uniform() < sigmoid(reward(0) - reward(1)) ? std::size_t{0} : std::size_t{1};
  };
  std::vector<token_ids> prompts;
  for (std::size_t i = 0; i < 2 * count; ++i) prompts.push_back({static_cast<token_id>(i % 2)});
  auto pairs = judged_pairs(reference, prompts, judge, {.max_new_tokens = 1}, random).pairs;
  pairs.resize(count);  // about a third of the prompts get the same response twice: no pair
  // [/pairs]
  // [two ways]
  const trainer_options options{
      .learning_rate = 0.3, .batch_size = std::ssize(pairs), .max_steps = 200};
  reward_model model{value_table(V)};  // a reward for each response
  trainer fit{model, no_reference{}, bradley_terry{}, options};
  fit.train(pairs);
  const auto fitted = model.parameters()[0].value;
  const bigram by_reward = closed_form(reference, fitted);

  bigram by_dpo = reference;
  trainer direct{by_dpo, reference, dpo{.beta = beta}, options};
  direct.train(pairs);
  // [/two ways]
  // [same loss]
  const double loss_of_rewards = evaluate(model, no_reference{}, bradley_terry{}, pairs).loss;
  const double loss_of_policy = evaluate(by_reward, reference, dpo{.beta = beta}, pairs).loss;
  // [/same loss]
  const bigram optimum = closed_form(reference, r);
  result found{distance(by_reward, optimum), distance(by_dpo, optimum), distance(by_reward, by_dpo),
               std::abs(loss_of_rewards - loss_of_policy), r};
  found.fitted.assign(fitted.begin(), fitted.end());
  for (std::size_t v = 0; v < V; ++v)
    found.implied.push_back(beta * (log_prob(by_dpo, v) - log_prob(reference, v)));
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  course::lesson lesson(argc, argv, "03_from_bradley_terry_to_dpo");
  const auto seeds = lesson.size<std::uint64_t>(3, 20);
  const auto sizes =
      lesson.size<std::vector<std::size_t>>({50, 400}, {50, 100, 200, 400, 800, 1600});
  auto csv = lesson.csv({"pairs", "reward_model", "reward_model_sd", "dpo", "dpo_sd"});
  std::vector<double> far, apart, loss_gaps;
  result last;
  {
    const course::lesson::region region("table");
    std::puts("pairs  by a reward model  by DPO             the two differ by at most");
    for (const std::size_t size : sizes) {
      std::vector<double> fitted, direct;
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        last = train(seed, size);
        fitted.push_back(last.fitted_far), direct.push_back(last.direct_far);
        apart.push_back(last.apart), loss_gaps.push_back(last.loss_gap);
      }
      const auto a = course::spread_of(fitted), b = course::spread_of(direct);
      std::printf("%-5zu  %.3f +- %-8.3f  %.3f +- %-8.3f  %.1e\n", size, a.mean, a.deviation,
                  b.mean, b.deviation, std::ranges::max(std::span(apart).last(seeds)));
      csv.row({static_cast<double>(size), a.mean, a.deviation, b.mean, b.deviation}),
          far.push_back(b.mean);
    }
    std::puts("\nrewards of one prompt's responses, less the first's\ntrue    fitted  DPO's");
    for (std::size_t v = 0; v < each; ++v)
      std::printf("%+.2f   %+.2f   %+.2f\n", last.r[v] - last.r[0], last.fitted[v] - last.fitted[0],
                  last.implied[v] - last.implied[0]);
  }
  lesson.claim(std::ranges::max(loss_gaps) < 1e-9,
               "the loss of rewards is the DPO loss of their optimal policy");
  lesson.claim(std::ranges::max(apart) < 0.01,
               "both ways lead to one policy, within 0.01 of the probability");
  lesson.claim(far.back() < 0.6 * far.front(),
               "the more pairs, the nearer to the optimum of the true reward");
  return lesson.end();
}
