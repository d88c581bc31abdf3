// SPDX-License-Identifier: MIT
#include "prefopt/loss/dpo.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <boost/test/unit_test.hpp>

#include "laws/pairwise_loss_laws.hpp"

using prefopt::dpo;
using prefopt::pair_log_probs;
using prefopt_test::is_close;
using prefopt_test::rounding;

namespace {

pair_log_probs swapped(const pair_log_probs& pair) {
  return {pair.policy_rejected,  pair.policy_chosen,   pair.reference_rejected,
          pair.reference_chosen, pair.rejected_tokens, pair.chosen_tokens};
}

bool is_refused(const dpo& loss, const std::string& expected) {
  try {
    check(loss);
  } catch (const prefopt::value_error& refusal) {
    BOOST_TEST_MESSAGE(refusal.what());
    return std::string(refusal.what()).find(expected) != std::string::npos;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_policy_that_is_its_own_reference_has_exactly_log_two) {
  const auto at = dpo{}({-12.3, -45.6, -12.3, -45.6, 3, 9});
  BOOST_TEST(at.loss == std::log(2.0));
  BOOST_TEST(at.slope_chosen == -0.05);
  BOOST_TEST(at.slope_rejected == 0.05);
}

BOOST_AUTO_TEST_CASE(swapping_the_pair_negates_the_margin) {
  for (const auto& pair : prefopt::tests::ordinary_pairs())
    BOOST_TEST(prefopt::preference_margin(swapped(pair)) == -prefopt::preference_margin(pair));
}

BOOST_AUTO_TEST_CASE(a_small_log_ratio_beside_a_long_response_is_exact) {
  const double small = std::ldexp(1.0, -50);  // 1e6 - 1 + small would round it off
  BOOST_TEST(prefopt::preference_margin({-1 + small, -1e6, -1, -1e6, 1, 1}) == small);
}

BOOST_AUTO_TEST_CASE(a_pair_and_its_swap_differ_by_beta_times_the_margin) {
  const dpo loss{.beta = 0.7};
  for (const auto& pair : prefopt::tests::ordinary_pairs()) {
    const double gap = loss(swapped(pair)).loss - loss(pair).loss;  // -log s(-z) + log s(z) = z
    BOOST_TEST(is_close(gap, 0.7 * prefopt::preference_margin(pair), rounding<double>, 10));
  }
}

BOOST_AUTO_TEST_CASE(smoothing_mixes_the_losses_of_the_pair_and_of_its_swap) {
  const dpo smoothed{.beta = 0.7, .label_smoothing = 0.2}, plain{.beta = 0.7};
  for (const auto& pair : prefopt::tests::ordinary_pairs())
    BOOST_TEST(is_close(smoothed(pair).loss,
                        0.8 * plain(pair).loss + 0.2 * plain(swapped(pair)).loss,
                        rounding<double>));
}

BOOST_AUTO_TEST_CASE(at_a_smoothing_of_one_half_the_labels_say_nothing) {
  const dpo loss{.beta = 0.7, .label_smoothing = 0.5};
  for (const auto& pair : prefopt::tests::ordinary_pairs()) {
    BOOST_TEST(is_close(loss(pair).loss, loss(swapped(pair)).loss, rounding<double>));
    BOOST_TEST(
        is_close(loss(pair).slope_chosen, -loss(swapped(pair)).slope_chosen, rounding<double>, 1));
  }
}

BOOST_AUTO_TEST_CASE(a_smoothed_slope_vanishes_where_the_margin_says_what_the_labels_promise) {
  const double odds = std::log(0.8 / 0.2);
  BOOST_TEST(
      std::abs(dpo{.beta = 0.5, .label_smoothing = 0.2}({odds / 0.5, 0, 0, 0, 1, 1}).slope_chosen) <
      1e-15);
}

BOOST_AUTO_TEST_CASE(a_slope_far_out_keeps_its_digits) {
  const double slope = dpo{.beta = 1}({700, 0, 0, 0, 1, 1}).slope_chosen;
  BOOST_TEST(is_close(slope, -std::exp(-700.0), rounding<double>));
  BOOST_TEST((dpo{.beta = 1}({-700, 0, 0, 0, 1, 1}).slope_chosen) == -1.0);
}

BOOST_AUTO_TEST_CASE(hyper_parameters_outside_their_range_are_refused_with_the_value_that_came) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  BOOST_TEST(is_refused({.beta = 0}, "dpo: beta is 0, expected a finite number above 0"));
  BOOST_TEST(is_refused({.beta = -0.5}, "beta is -0.5"));
  BOOST_TEST(is_refused({.beta = infinity}, "beta is inf"));
  BOOST_TEST(is_refused({.beta = std::nan("")}, "beta is nan"));
  BOOST_TEST(is_refused({.label_smoothing = 0.5},
                        "dpo: label_smoothing is 0.5, expected 0 <= label_smoothing < 0.5"));
  BOOST_TEST(is_refused({.label_smoothing = -0.1}, "label_smoothing is -0.1"));
  BOOST_TEST(is_refused({.label_smoothing = std::nan("")}, "label_smoothing is nan"));
  BOOST_CHECK_NO_THROW(check(dpo{.beta = 1e-6, .label_smoothing = 0.49}));
}
