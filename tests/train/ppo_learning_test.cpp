// SPDX-License-Identifier: MIT
// PPO learns: in worlds whose true reward and best policy are known.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/ppo_trainer.hpp"
#include "train/token_world.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

const trainer_options long_run{.learning_rate = 0.02, .batch_size = 32, .epochs = 20};

bigram trained(const token_world& world, const ppo& loss, std::uint64_t seed) {
  trainer_options options = long_run;
  options.seed = seed;
  bigram policy = world.reference;
  value_table critic(token_world::vocabulary);
  ppo_trainer{policy, critic, world.reference, world, loss, token_world::generation(), options}
      .train(token_world::prompts(128));
  return policy;
}

BOOST_AUTO_TEST_CASE(the_true_reward_rises_and_the_divergence_is_paid_for) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const token_world world(seed);
    const auto before = world.measure(world.reference);
    for (const kl_estimator estimator : {kl_estimator::k1, kl_estimator::k3}) {
      const ppo loss{.kl_coef = 0.5, .kl_estimator = estimator, .critic_rate_factor = 3};
      const auto after = world.measure(trained(world, loss, seed));
      BOOST_TEST(after.reward > before.reward + 1,
                 seed << ": " << before.reward << " to " << after.reward);
      // what it is told to maximize
      BOOST_TEST(after.reward - 0.5 * after.divergence > before.reward + 0.4);
    }
  }
}

BOOST_AUTO_TEST_CASE(at_a_high_price_the_policy_stays_near_its_reference) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const token_world world(seed);
    const auto divergence = [&](double kl_coef) {
      return world.measure(trained(world, {.kl_coef = kl_coef}, seed)).divergence;
    };
    const double cheap = divergence(0.1), middle = divergence(1), expensive = divergence(20);
    BOOST_TEST(cheap > 1.5 * middle, cheap << " and " << middle);
    BOOST_TEST(middle > 10 * expensive, middle << " and " << expensive);
    BOOST_TEST(expensive < 0.02, expensive);
  }
}

/// Half the sum of differences, the worst over prompts, of exp(r / kl_coef) pi_ref / Z.
double distance_to_optimum(const token_world& world, const bigram& policy, double kl_coef) {
  double worst = 0;
  for (std::size_t u = 1; u < token_world::vocabulary; ++u) {
    std::vector<double> best;
    for (std::size_t v = 0; v < token_world::vocabulary; ++v)
      best.push_back(std::exp(world.reference.log_prob(u, v) + world.values[v] / kl_coef));
    const double partition = std::accumulate(best.begin(), best.end(), 0.0);
    double distance = 0;
    for (std::size_t v = 0; v < best.size(); ++v)
      distance += 0.5 * std::abs(best[v] / partition - std::exp(policy.log_prob(u, v)));
    worst = std::max(worst, distance);
  }
  return worst;
}

// With responses of one token, a bigram can be the optimum.
BOOST_AUTO_TEST_CASE(one_token_responses_end_at_the_closed_form_of_the_optimum) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const token_world world(seed);
    for (const double kl_coef : {0.7, 2.0}) {
      bigram policy = world.reference;
      value_table critic(token_world::vocabulary);
      const ppo loss{.kl_coef = kl_coef, .critic_rate_factor = 10};
      ppo_trainer run{policy,
                      critic,
                      world.reference,
                      world,
                      loss,
                      {.max_new_tokens = 1},
                      trainer_options{.learning_rate = 0.03, .batch_size = 128, .epochs = 60}};
      run.train(token_world::prompts(128));
      const double left = distance_to_optimum(world, policy, kl_coef);
      BOOST_TEST(left < 0.01, "seed " << seed << ", kl_coef " << kl_coef << ": " << left);
      BOOST_TEST(distance_to_optimum(world, world.reference, kl_coef) > 0.1);
    }
  }
}

}  // namespace
