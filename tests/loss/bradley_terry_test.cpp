// SPDX-License-Identifier: MIT
// The loss of rewards: its laws, and its numbers against PyTorch's autograd in float64, which
// tests/golden/losses/make_reward_golden.py made and checked against TRL's own trainer.

#include "prefopt/loss/bradley_terry.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "support/npy.hpp"
#include "support/tolerance.hpp"

using namespace prefopt;
using prefopt_test::is_close;
using prefopt_test::rounding;

static_assert(listwise_loss<bradley_terry> && preference_loss<bradley_terry>);
static_assert(!pairwise_loss<bradley_terry>, "it reads scores");
static_assert(reads_rewards<bradley_terry>() && !reads_rewards<dpo>());

namespace {

using pair = std::vector<response_log_probs>;

const bradley_terry settings[] = {{},
                                  {.margin_scale = 0.7},
                                  {.center_rewards_coefficient = 0.01},
                                  {.margin_scale = 2, .center_rewards_coefficient = 0.3}};

pair of(double reward_chosen, double reward_rejected, double good = 1, double bad = 0) {
  return {{.policy = reward_chosen, .score = good}, {.policy = reward_rejected, .score = bad}};
}

pair swapped(const pair& given) { return {given[1], given[0]}; }

std::vector<pair> ordinary_rewards() {
  random_generator random(12);
  std::vector<pair> pairs;
  for (int i = 0; i < 64; ++i)
    pairs.push_back(of(3 * random.normal(), 3 * random.normal(), random.normal(), random.normal()));
  return pairs;
}

std::vector<double> golden(const std::string& name) {
  return prefopt_test::load_npy(PREFOPT_TEST_SOURCE_DIR "/golden/losses/" + name + ".npy");
}

/// `slope_scale`: the size of the terms that cancel in a slope.
void agrees_with(const std::string& name, const bradley_terry& loss, double slope_scale) {
  const std::vector<double> rewards = golden("rewards"), expected = golden("reward_" + name);
  BOOST_TEST_REQUIRE(rewards.size() >= 4 * 64);
  BOOST_TEST_REQUIRE(expected.size() * 4 == rewards.size() * 3);
  for (std::size_t i = 0; 4 * i < rewards.size(); ++i) {
    const double* const row = &rewards[4 * i];
    const pair given = of(row[0], row[1], row[2], row[3]);
    const list_loss first = loss(given), second = loss(swapped(given));
    for (const auto& came : {std::vector{first.loss, first.slopes[0], first.slopes[1]},
                             std::vector{second.loss, second.slopes[1], second.slopes[0]}}) {
      for (std::size_t j = 0; j < 3; ++j)
        BOOST_TEST(
            is_close(came[j], expected[3 * i + j], rounding<double>, j == 0 ? 0 : slope_scale),
            name << ", pair " << i << ", number " << j << ": " << came[j] << ", expected "
                 << expected[3 * i + j]);
    }
  }
}

std::string refusal(const bradley_terry& loss) {
  try {
    check(loss);
  } catch (const value_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loss_of_rewards)

BOOST_AUTO_TEST_CASE(it_agrees_with_pytorch_to_the_relative_rounding_of_the_smallest_slope) {
  agrees_with("bradley_terry", settings[0], 0);
}

BOOST_AUTO_TEST_CASE(margins_and_centring_agree_with_pytorch) {
  // z is rounded when a margin is subtracted from it
  agrees_with("bradley_terry_margin", settings[1], 1e-3);
  agrees_with("bradley_terry_centered", settings[2], 1);
  agrees_with("bradley_terry_both", settings[3], 1);
}

BOOST_AUTO_TEST_CASE(slopes_are_the_derivatives_of_the_loss) {
  for (const bradley_terry& loss : settings) {
    for (const pair& given : ordinary_rewards()) {
      const list_loss at = loss(given);
      BOOST_TEST_REQUIRE(at.slopes.size() == 2U);
      for (std::size_t k = 0; k < 2; ++k) {
        const auto moved = [&](double by) {
          pair other = given;
          other[k].policy += by;
          return loss(other).loss;
        };
        constexpr double step = prefopt_test::difference_step;
        const double measured = (moved(step) - moved(-step)) / (2 * step);
        BOOST_TEST(is_close(measured, at.slopes[k], prefopt_test::difference_error, 1));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(equal_rewards_have_exactly_log_two_and_a_step_goes_towards_the_chosen) {
  for (const double reward : {0.0, 2.5, -7.0}) {
    const list_loss at = bradley_terry{}(of(reward, reward));
    BOOST_TEST(at.loss == std::log(2.0));
    BOOST_TEST(at.slopes[0] == -0.5);
    BOOST_TEST(at.slopes[1] == 0.5);
  }
  for (const bradley_terry& loss : settings) BOOST_TEST(loss(of(0, 0)).slopes[0] < 0);
}

BOOST_AUTO_TEST_CASE(swapping_the_responses_with_their_scores_swaps_the_slopes) {
  for (const bradley_terry& loss : settings) {
    for (const pair& given : ordinary_rewards()) {
      const list_loss came = loss(swapped(given)), expected = loss(given);
      BOOST_TEST(came.loss == expected.loss);
      BOOST_TEST(came.slopes[0] == expected.slopes[1]);
      BOOST_TEST(came.slopes[1] == expected.slopes[0]);
      const bool first_is_better = given[0].score > given[1].score;
      if (loss.center_rewards_coefficient == 0)
        BOOST_TEST((expected.slopes[first_is_better ? 0 : 1] < 0));
    }
  }
}

// The margin is the lead that the chosen reward needs for the loss to be log 2.
BOOST_AUTO_TEST_CASE(scores_that_do_not_say_which_is_better_are_refused) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& [first, second] :
       std::vector<std::pair<double, double>>{{1, 1}, {infinity, 0}, {0, -infinity}}) {
    const std::vector<response_log_probs> pair{{.policy = 2, .score = first},
                                               {.policy = -1, .score = second}};
    BOOST_CHECK_THROW((void)bradley_terry{}(pair), value_error);
  }
}

BOOST_AUTO_TEST_CASE(a_margin_takes_the_difference_of_scores_off_that_of_rewards) {
  for (const pair& given : ordinary_rewards()) {
    pair shifted = given;
    const double gap = std::abs(given[0].score - given[1].score);
    shifted[given[0].score > given[1].score ? 0 : 1].policy -= 0.7 * gap;
    BOOST_TEST(is_close(bradley_terry{.margin_scale = 0.7}(given).loss,
                        bradley_terry{}(shifted).loss, 1e-13));
  }
  // a pair's scores are 1 and 0
  BOOST_TEST((bradley_terry{.margin_scale = 0.25}(of(0.25, 0)).loss == std::log(2.0)));
}

BOOST_AUTO_TEST_CASE(
    without_centring_only_the_difference_of_rewards_counts_and_with_it_their_sum_too) {
  for (const pair& given : ordinary_rewards()) {
    pair drifted = given;
    for (response_log_probs& one : drifted) one.policy += 5;
    const bradley_terry plain{.margin_scale = 0.7},
        centered{.margin_scale = 0.7, .center_rewards_coefficient = 0.01};
    BOOST_TEST(is_close(plain(drifted).loss, plain(given).loss, 1e-13));
    const double sum = given[0].policy + given[1].policy;
    BOOST_TEST(is_close(centered(given).loss - plain(given).loss, 0.01 * sum * sum, 1e-12, 1));
  }
}

BOOST_AUTO_TEST_CASE(rewards_of_a_thousand_stay_finite_and_far_slopes_keep_their_digits) {
  for (const bradley_terry& loss : settings) {
    for (const double chosen : {-1e3, 0.0, 1e3}) {
      for (const double rejected : {-1e3, 0.0, 1e3}) {
        const list_loss at = loss(of(chosen, rejected));
        BOOST_TEST(
            (std::isfinite(at.loss) && std::isfinite(at.slopes[0]) && std::isfinite(at.slopes[1])));
      }
    }
  }
  BOOST_TEST(bradley_terry{}(of(-1e3, 1e3)).loss == 2e3);
  BOOST_TEST(is_close(bradley_terry{}(of(700, 0)).slopes[0], -std::exp(-700.0), rounding<double>));
}

BOOST_AUTO_TEST_CASE(what_is_no_pair_is_refused) {
  BOOST_CHECK_THROW((void)bradley_terry{}(pair{}), value_error);
  BOOST_CHECK_THROW((void)bradley_terry{}(pair(1)), value_error);
  BOOST_CHECK_THROW((void)bradley_terry{}(pair(3)), value_error);
  // of another prompt
  BOOST_CHECK_THROW((void)bradley_terry{}(of(1, 2, 1, std::nan(""))), value_error);
  BOOST_CHECK_THROW((void)bradley_terry{}(of(1, 2, std::nan(""), 1)), value_error);
}

BOOST_AUTO_TEST_CASE(hyper_parameters_outside_their_range_are_refused_with_the_value_that_came) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const bradley_terry& loss : settings) BOOST_TEST(refusal(loss).empty());
  BOOST_TEST(refusal({.margin_scale = -0.5}).find("bradley_terry: a hyper-parameter of -0.5") ==
             0U);
  BOOST_TEST(refusal({.center_rewards_coefficient = -1}).find("of -1") != std::string::npos);
  BOOST_TEST(!refusal({.margin_scale = infinity}).empty());
  BOOST_TEST(!refusal({.center_rewards_coefficient = std::nan("")}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
