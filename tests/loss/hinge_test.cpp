// SPDX-License-Identifier: MIT
#include "prefopt/loss/hinge.hpp"

#include <cmath>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"

using prefopt::hinge;

BOOST_AUTO_TEST_CASE(beyond_the_inverse_of_beta_a_pair_moves_nothing) {
  for (const double margin : {4.0, 4.5, 1e3}) {  // the kink, too, counts as flat
    const auto at = hinge{.beta = 0.25}({margin, 0, 0, 0, 1, 1});
    BOOST_TEST(at.loss == 0.0);
    BOOST_TEST(at.slope_chosen == 0.0);
    BOOST_TEST(at.slope_rejected == 0.0);
  }
}

BOOST_AUTO_TEST_CASE(short_of_it_the_slope_is_beta_however_far) {
  for (const double margin : {3.5, 0.0, -1e3}) {
    const auto at = hinge{.beta = 0.25}({margin, 0, 0, 0, 1, 1});
    BOOST_TEST(at.loss == 1 - 0.25 * margin);
    BOOST_TEST(at.slope_chosen == -0.25);
    BOOST_TEST(at.slope_rejected == 0.25);
  }
}

BOOST_AUTO_TEST_CASE(a_log_prob_that_is_no_number_is_not_taken_for_a_pair_told_apart) {
  BOOST_TEST(std::isnan(hinge{}({std::nan(""), 0, 0, 0, 1, 1}).loss));
}

BOOST_AUTO_TEST_CASE(hinge_refuses_a_beta_that_is_not_above_zero) {
  BOOST_CHECK_THROW(check(hinge{.beta = 0}), prefopt::value_error);
}
