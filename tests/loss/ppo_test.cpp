// SPDX-License-Identifier: MIT
#include "prefopt/loss/ppo.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include <boost/test/unit_test.hpp>

#include "support/tolerance.hpp"

using namespace prefopt;

namespace {

constexpr double h = prefopt_test::difference_step;

void check_close(double came, double expected, double tolerance = prefopt_test::rounding<double>) {
  BOOST_TEST(prefopt_test::is_close(came, expected, tolerance, 1), came << " and " << expected);
}

BOOST_AUTO_TEST_CASE(the_slope_of_the_policys_term_is_its_derivative) {
  for (const double advantage : {-2.0, -0.3, 0.4, 1.7}) {
    // kinks at -0.223 and 0.182
    for (const double log_ratio : {-1.5, -0.4, -0.1, 0.0, 0.05, 0.15, 0.4, 1.2}) {
      const auto loss = [&](double moved) {
        return ppo_policy_term(-2 + log_ratio + moved, -2, advantage, 0.2).loss;
      };
      check_close(ppo_policy_term(-2 + log_ratio, -2, advantage, 0.2).slope,
                  (loss(h) - loss(-h)) / (2 * h), prefopt_test::difference_error);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_slope_of_the_critics_term_is_its_derivative) {
  for (const double expected : {-3.0, -0.05, 0.0, 0.1, 2.0}) {
    // clipped beyond 0.3
    for (const double moved_from_old : {-1.0, -0.31, -0.1, 0.0, 0.2, 0.29, 0.7}) {
      const auto loss = [&](double moved) {
        return ppo_value_term(1 + moved_from_old + moved, 1, 1 + expected, 0.3).loss;
      };
      check_close(ppo_value_term(1 + moved_from_old, 1, 1 + expected, 0.3).slope,
                  (loss(h) - loss(-h)) / (2 * h), prefopt_test::difference_error);
    }
  }
}

BOOST_AUTO_TEST_CASE(before_the_policy_moves_its_slope_is_minus_the_advantage) {
  for (const double advantage : {-2.0, 0.0, 1.5}) {
    const ppo_term term = ppo_policy_term(-3.25, -3.25, advantage, 0.2);
    BOOST_TEST(term.loss == -advantage);
    BOOST_TEST(term.slope == -advantage);
    BOOST_TEST(!term.clipped);
  }
}

// A token that did well is not made likelier beyond 1 + e, one that did badly no less likely below
// 1 - e; moving back is always possible.
BOOST_AUTO_TEST_CASE(the_ratio_is_clipped_where_going_on_would_win) {
  const auto at = [](double ratio, double advantage) {
    return ppo_policy_term(std::log(ratio), 0, advantage, 0.2);
  };
  BOOST_TEST(at(1.3, 2).clipped);
  check_close(at(1.3, 2).loss, -2 * 1.2);
  BOOST_TEST(at(0.7, -2).clipped);
  check_close(at(0.7, -2).loss, 2 * 0.8);
  for (const ppo_term& term : {at(1.3, 2), at(0.7, -2)}) BOOST_TEST(term.slope == 0.0);
  BOOST_TEST(!at(1.3, -2).clipped);
  check_close(at(1.3, -2).slope, 2 * 1.3);
  BOOST_TEST(!at(0.7, 2).clipped);
  check_close(at(0.7, 2).slope, -2 * 0.7);
  for (const double advantage : {-2.0, 2.0}) {
    for (const double ratio : {0.81, 1.19}) {
      BOOST_TEST(!at(ratio, advantage).clipped);
      check_close(at(ratio, advantage).loss, -advantage * ratio);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_value_that_left_its_range_is_taught_nothing_unless_it_must_come_back) {
  // target 3: has moved 0.5 that way, 0.2 is allowed
  const ppo_term towards = ppo_value_term(1.5, 1, 3, 0.2);
  BOOST_TEST(towards.clipped);
  check_close(towards.loss, 0.5 * (1.2 - 3) * (1.2 - 3));
  BOOST_TEST(towards.slope == 0.0);
  const ppo_term away = ppo_value_term(0.5, 1, 3, 0.2);
  BOOST_TEST(!away.clipped);
  check_close(away.loss, 0.5 * 2.5 * 2.5);
  check_close(away.slope, -2.5);
  const ppo_term below = ppo_value_term(0.5, 1, -1, 0.2);
  BOOST_TEST(below.clipped);
  check_close(below.loss, 0.5 * 1.8 * 1.8);
  const ppo_term within = ppo_value_term(1.1, 1, 3, 0.2);
  BOOST_TEST(!within.clipped);
  check_close(within.slope, -1.9);
}

BOOST_AUTO_TEST_CASE(divergence_is_told_from_one_log_prob_of_each) {
  check_close(estimated_kl(kl_estimator::k1, -1, -3), 2);
  check_close(estimated_kl(kl_estimator::k3, -1, -3), std::exp(-2.0) - 1 + 2);
  check_close(estimated_kl(kl_estimator::k3, -3, -1), std::exp(2.0) - 1 - 2);
  for (const kl_estimator one : {kl_estimator::k1, kl_estimator::k3})
    BOOST_TEST(estimated_kl(one, -1.7, -1.7) == 0.0);
}

BOOST_AUTO_TEST_CASE(k3_is_never_negative_and_exact_where_there_is_little_to_tell) {
  for (double ratio = -20; ratio <= 20; ratio += 0.125)
    BOOST_TEST(estimated_kl(kl_estimator::k3, ratio, 0) >= 0);
  check_close(estimated_kl(kl_estimator::k3, 1e-5, 0) / 1e-10, 0.5, 1e-5);
}

// Both are the KL divergence on average: sum_v p(v) k(log p(v), log q(v)) by enumeration.
BOOST_AUTO_TEST_CASE(both_estimators_are_unbiased) {
  const double p[] = {0.5, 0.2, 0.3}, q[] = {0.1, 0.6, 0.3};
  double exact = 0, k1 = 0, k3 = 0;
  for (int v = 0; v < 3; ++v) {
    exact += p[v] * std::log(p[v] / q[v]);
    k1 += p[v] * estimated_kl(kl_estimator::k1, std::log(p[v]), std::log(q[v]));
    k3 += p[v] * estimated_kl(kl_estimator::k3, std::log(p[v]), std::log(q[v]));
  }
  check_close(k1, exact);
  check_close(k3, exact);
}

BOOST_AUTO_TEST_CASE(hyper_parameters_outside_their_range_are_refused) {
  BOOST_CHECK_NO_THROW(check(ppo{}));
  BOOST_CHECK_NO_THROW(
      check(ppo{.kl_coef = 0, .advantage = {.gamma = 0, .lam = 1}, .missing_eos_penalty = -1}));
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(),
                   infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {-0.1, nan, infinity}) {
    BOOST_CHECK_THROW(check(ppo{.kl_coef = bad}), value_error);
    BOOST_CHECK_THROW(check(ppo{.advantage = {.gamma = bad}}), value_error);
    BOOST_CHECK_THROW(check(ppo{.advantage = {.lam = bad}}), value_error);
  }
  for (const double bad : {0.0, -0.1, nan, infinity}) {
    BOOST_CHECK_THROW(check(ppo{.cliprange = bad}), value_error);
    BOOST_CHECK_THROW(check(ppo{.vf_coef = bad}), value_error);
    BOOST_CHECK_THROW(check(ppo{.cliprange_value = bad}), value_error);
    BOOST_CHECK_THROW(check(ppo{.critic_rate_factor = bad}), value_error);
  }
  for (const double above : {1.1, 2.0}) {
    BOOST_CHECK_THROW(check(ppo{.advantage = {.gamma = above}}), value_error);
    BOOST_CHECK_THROW(check(ppo{.advantage = {.lam = above}}), value_error);
  }
  for (const std::int64_t bad : {0, -1}) {
    BOOST_CHECK_THROW(check(ppo{.num_ppo_epochs = bad}), value_error);
    BOOST_CHECK_THROW(check(ppo{.num_mini_batches = bad}), value_error);
  }
  for (const double bad : {nan, infinity})
    BOOST_CHECK_THROW(check(ppo{.missing_eos_penalty = bad}), value_error);
}

}  // namespace
