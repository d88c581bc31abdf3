// SPDX-License-Identifier: MIT
// The gradient of PPO's loss, on tables small enough to move every number.

#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/ppo_trainer.hpp"
#include "support/tolerance.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

constexpr std::size_t everything = 100000;  // packed tokens
const ppo options{.cliprange = 0.3, .vf_coef = 0.4, .cliprange_value = 0.5};

value_table toy_critic(std::uint64_t seed = 11) {
  value_table critic(toy_vocabulary);
  random_generator random(seed);
  const auto table = critic.parameters().at(0).value;
  for (double& value : table) value = random.normal();
  return critic;
}

/// The sums and both tables' gradients.
struct gradients {
  ppo_sums sums;
  std::vector<double> policy, critic;
};

/// Responses that the toy policy wrote, before policy and critic moved.
struct world {
  bigram policy = toy_policy();
  value_table critic = toy_critic();
  rollouts made;

  explicit world(std::size_t count = 17) {
    random_generator random(21);
    std::vector<token_ids> prompts(3);
    for (token_ids& prompt : prompts) prompt = toy_tokens(random, 1, 20);
    std::vector<token_ids> asked;
    for (std::size_t e = 0; e < count; ++e) asked.push_back(prompts[e % 3]);
    const auto score = [](std::span<const tokenized_example> all) {
      std::vector<double> scores;
      for (const auto& one : all)
        scores.push_back(one.responses[0].back() - 0.3 * one.responses[0].front());
      return scores;
    };
    made = read_rollouts(
        sample_responses(policy, asked, 1, {.max_new_tokens = 6, .end_of_text = 0}, random), policy,
        toy_policy(77), critic, score, options, 0, everything);
  }

  /// Far enough that some terms are clipped.
  void move() {
    random_generator random(31);
    const auto logits = policy.parameters().at(0).value, values = critic.parameters().at(0).value;
    for (double& logit : logits) logit += 0.4 * random.normal();
    for (double& value : values) value += 0.6 * random.normal();
  }

  gradients at(std::span<const std::size_t> members, std::size_t tokens = everything) {
    const ppo_sums sums = accumulate_ppo_gradient(policy, critic, options, made, members, tokens);
    const auto table = critic.parameters().at(0).gradient;
    return {sums, gradient(policy), {table.begin(), table.end()}};
  }
  gradients at_all(std::size_t tokens = everything) {
    return at(first_members(made.size()), tokens);
  }

  /// The mean over these responses' tokens, from the tables.
  double loss(std::span<const std::size_t> members) {
    double sum = 0, count = 0;
    const auto values = critic.parameters().at(0).value;
    for (const std::size_t e : members) {
      auto last = static_cast<std::size_t>(made.examples[e].prompt.back());
      for (std::size_t t = 0; t < made.examples[e].responses[0].size(); ++t, ++count) {
        const std::size_t m = made.begins[e] + t;
        const auto token = static_cast<std::size_t>(made.examples[e].responses[0][t]);
        sum += ppo_policy_term(policy.log_prob(last, token), made.log_probs[m], made.advantages[m],
                               0.3)
                   .loss +
               0.4 * ppo_value_term(values[last], made.values[m], made.returns[m], 0.5).loss;
        last = token;
      }
    }
    return sum / count;
  }
};

void check_same_but_for_rounding(const gradients& a, const gradients& b) {
  for (const auto part :
       {&ppo_sums::tokens, &ppo_sums::policy_loss, &ppo_sums::value_loss, &ppo_sums::policy_clipped,
        &ppo_sums::value_clipped, &ppo_sums::ratio, &ppo_sums::squared_log_ratio})
    check_close(a.sums.*part, b.sums.*part);
  for (std::size_t i = 0; i < a.policy.size(); ++i) check_close(a.policy[i], b.policy[i]);
  for (std::size_t i = 0; i < a.critic.size(); ++i) check_close(a.critic[i], b.critic[i]);
}

BOOST_AUTO_TEST_CASE(micro_batches_of_responses_equal_one_big_batch) {
  world moved;
  moved.move();
  const gradients whole = moved.at_all();
  for (const std::size_t tokens : {1U, 13U, 40U, 60U})
    check_same_but_for_rounding(moved.at_all(tokens), whole);
}

BOOST_AUTO_TEST_CASE(the_loss_is_the_mean_over_the_members_tokens) {
  world moved;
  moved.move();
  for (const std::vector<std::size_t>& members : {first_members(17), {3}, {16, 2, 5}}) {
    std::size_t tokens = 0;
    for (const std::size_t e : members) tokens += moved.made.examples[e].responses[0].size();
    const ppo_sums sums = moved.at(members, 20).sums;
    check_close(sums.loss(options), moved.loss(members));
    BOOST_TEST(sums.tokens == static_cast<double>(tokens));
  }
}

BOOST_AUTO_TEST_CASE(the_gradient_is_that_of_the_loss) {
  world moved;
  moved.move();
  for (const std::vector<std::size_t>& members : {first_members(17), {16, 2, 5}}) {
    const gradients found = moved.at(members, 40);
    const auto compare = [&](std::span<double> table, const std::vector<double>& gradient) {
      for (std::size_t i = 0; i < table.size(); ++i) {
        const auto at = [&](double by) {
          const double kept = std::exchange(table[i], table[i] + by);
          const double loss = moved.loss(members);
          table[i] = kept;
          return loss;
        };
        constexpr double h = prefopt_test::difference_step;
        const double slope = (at(h) - at(-h)) / (2 * h);
        BOOST_TEST(prefopt_test::is_close(gradient[i], slope, prefopt_test::difference_error, 1),
                   "number " << i << ": " << gradient[i] << " and " << slope);
      }
    };
    compare(moved.policy.parameters().at(0).value, found.policy);
    compare(moved.critic.parameters().at(0).value, found.critic);
    if (members.size() < moved.made.size()) continue;
    for (const double clipped : {found.sums.policy_clipped, found.sums.value_clipped})
      BOOST_TEST((clipped > 0 && clipped < found.sums.tokens),
                 clipped << " of " << found.sums.tokens);
  }
}

BOOST_AUTO_TEST_CASE(before_it_moves_a_policys_gradient_is_that_of_minus_advantage_times_log_prob) {
  world still;
  const gradients found = still.at_all(40);
  const auto members = first_members(still.made.size());
  std::vector<double> by_policy(found.policy.size()), by_critic(found.critic.size());
  for (const std::size_t e : members) {
    auto last = static_cast<std::size_t>(still.made.examples[e].prompt.back());
    for (std::size_t m = still.made.begins[e]; m < still.made.begins[e + 1]; ++m) {
      const auto token =
          static_cast<std::size_t>(still.made.examples[e].responses[0][m - still.made.begins[e]]);
      for (std::size_t w = 0; w < toy_vocabulary; ++w)
        by_policy[last * toy_vocabulary + w] -=
            still.made.advantages[m] / found.sums.tokens *
            ((w == token ? 1 : 0) - std::exp(still.policy.log_prob(last, w)));
      by_critic[last] +=
          options.vf_coef * (still.made.values[m] - still.made.returns[m]) / found.sums.tokens;
      last = token;
    }
  }
  for (std::size_t i = 0; i < by_policy.size(); ++i) check_close(found.policy[i], by_policy[i]);
  for (std::size_t i = 0; i < by_critic.size(); ++i) check_close(found.critic[i], by_critic[i]);
  check_close(found.sums.ratio, found.sums.tokens);
  BOOST_TEST(found.sums.policy_clipped == 0.0);
  BOOST_TEST(found.sums.value_clipped == 0.0);
  BOOST_TEST(found.sums.squared_log_ratio < 1e-24);
}

BOOST_AUTO_TEST_CASE(gradients_of_ppo_left_from_before_do_not_count) {
  world moved;
  moved.move();
  const gradients once = moved.at_all(), twice = moved.at_all();
  BOOST_TEST(once.policy == twice.policy, boost::test_tools::per_element());
  BOOST_TEST(once.critic == twice.critic, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_responses_or_others_than_there_are_are_refused) {
  world still(4);
  BOOST_CHECK_THROW((void)still.at({}), value_error);
  BOOST_CHECK_THROW((void)still.at(std::vector<std::size_t>{0, 4}), value_error);
}

}  // namespace
