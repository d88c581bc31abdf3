// SPDX-License-Identifier: MIT
#include "prefopt/loss/ipo.hpp"

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "support/tolerance.hpp"

using prefopt::ipo;

BOOST_AUTO_TEST_CASE(the_loss_and_its_slopes_vanish_at_half_the_inverse_of_beta) {
  // h = 0.5 + 1.5 = 2 = 1 / (2 * 0.25)
  const auto at = ipo{.beta = 0.25}({-1, -3, -1.5, -1.5, 7, 8});
  BOOST_TEST(at.loss == 0.0);
  BOOST_TEST(at.slope_chosen == 0.0);
  BOOST_TEST(at.slope_rejected == 0.0);
}

BOOST_AUTO_TEST_CASE(the_margin_is_drawn_back_from_beyond_its_target) {
  BOOST_TEST((ipo{.beta = 0.5}({3, 0, 0, 0, 1, 1}).slope_chosen) == 4.0);
  BOOST_TEST((ipo{.beta = 0.5}({-1, 0, 0, 0, 1, 1}).slope_chosen) == -4.0);
}

BOOST_AUTO_TEST_CASE(a_policy_that_is_its_own_reference_pays_the_square_of_the_target) {
  BOOST_TEST(prefopt_test::is_close(ipo{.beta = 0.1}({-4, -6, -4, -6, 1, 1}).loss, 25,
                                    prefopt_test::rounding<double>));
}

BOOST_AUTO_TEST_CASE(ipo_reads_log_probs_averaged_over_tokens) {
  BOOST_TEST((ipo::reduction == prefopt::token_reduction::mean));
}

BOOST_AUTO_TEST_CASE(ipo_refuses_a_beta_that_is_not_above_zero) {
  BOOST_CHECK_THROW(check(ipo{.beta = 0}), prefopt::value_error);
  BOOST_CHECK_THROW(check(ipo{.beta = -1}), prefopt::value_error);
}
