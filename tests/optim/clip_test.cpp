// SPDX-License-Identifier: MIT
#include "prefopt/optim/clip.hpp"

#include <cmath>
#include <limits>

#include <boost/test/unit_test.hpp>

#include "optim/toy_parameters.hpp"

namespace {

BOOST_AUTO_TEST_CASE(the_norm_is_that_of_all_trainable_gradients_as_one_vector) {
  toy_parameters<float> toy(
      {{"a", 2, true, true}, {"frozen", 1, false, true}, {"b", 1, true, false}});
  toy.gradients("a") = {2, 3};
  toy.gradients("frozen") = {100};
  toy.gradients("b") = {6};
  BOOST_TEST(prefopt::gradient_norm(prefopt::host_backend<float>{}, toy.range()) == 7.0);
}

BOOST_AUTO_TEST_CASE(a_float_norm_does_not_overflow_in_double) {
  toy_parameters<float> toy({{"a", 2, true, true}});
  toy.gradients("a") = {3e30F, 4e30F};
  const double norm = prefopt::gradient_norm(prefopt::host_backend<float>{}, toy.range());
  BOOST_TEST(std::abs(norm / 5e30 - 1) < 1e-6);
}

BOOST_AUTO_TEST_CASE(small_gradients_are_left_and_large_ones_brought_to_the_limit) {
  BOOST_TEST(prefopt::clip_scale(0, 1) == 1.0);
  BOOST_TEST(prefopt::clip_scale(0.5, 1) == 1.0);
  BOOST_TEST(prefopt::clip_scale(4, 1) == 1 / (4 + 1e-6));
  BOOST_TEST(prefopt::clip_scale(4, 2) == 2 / (4 + 1e-6));
}

BOOST_AUTO_TEST_CASE(zero_turns_clipping_off) { BOOST_TEST(prefopt::clip_scale(1e9, 0) == 1.0); }

BOOST_AUTO_TEST_CASE(a_limit_that_is_no_limit_is_refused) {
  BOOST_CHECK_THROW((void)prefopt::clip_scale(1, -1), prefopt::value_error);
  BOOST_CHECK_THROW((void)prefopt::clip_scale(1, std::numeric_limits<double>::quiet_NaN()),
                    prefopt::value_error);
  BOOST_CHECK_THROW((void)prefopt::clip_scale(1, std::numeric_limits<double>::infinity()),
                    prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(a_norm_that_is_not_finite_is_refused_even_where_nothing_is_clipped) {
  for (const double max_norm : {0.0, 1.0}) {
    BOOST_CHECK_THROW((void)prefopt::clip_scale(std::numeric_limits<double>::quiet_NaN(), max_norm),
                      prefopt::value_error);
    BOOST_CHECK_THROW((void)prefopt::clip_scale(std::numeric_limits<double>::infinity(), max_norm),
                      prefopt::value_error);
  }
}

}  // namespace
