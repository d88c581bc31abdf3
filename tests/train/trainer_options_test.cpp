// SPDX-License-Identifier: MIT
#include "prefopt/train/trainer_options.hpp"

#include <limits>

#include <boost/test/unit_test.hpp>

namespace {

using prefopt::trainer_options;

BOOST_AUTO_TEST_CASE(the_defaults_are_accepted) { BOOST_CHECK_NO_THROW(check(trainer_options{})); }

BOOST_AUTO_TEST_CASE(reals_outside_their_range_are_refused) {
  for (const double bad :
       {-1e-9, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    BOOST_CHECK_THROW(check(trainer_options{.learning_rate = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(trainer_options{.weight_decay = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(trainer_options{.adam_beta1 = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(trainer_options{.adam_beta2 = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(trainer_options{.adam_epsilon = bad}), prefopt::value_error);
    BOOST_CHECK_THROW(check(trainer_options{.max_grad_norm = bad}), prefopt::value_error);
  }
  BOOST_CHECK_THROW(check(trainer_options{.adam_beta2 = 1}), prefopt::value_error);
  BOOST_CHECK_NO_THROW(check(trainer_options{.learning_rate = 0, .max_grad_norm = 0}));
}

BOOST_AUTO_TEST_CASE(counts_outside_their_range_are_refused) {
  BOOST_CHECK_THROW(check(trainer_options{.warmup_steps = -1}), prefopt::value_error);
  BOOST_CHECK_THROW(check(trainer_options{.batch_size = 0}), prefopt::value_error);
  BOOST_CHECK_THROW(check(trainer_options{.tokens_per_microbatch = -1}), prefopt::value_error);
  BOOST_CHECK_THROW(check(trainer_options{.epochs = 0}), prefopt::value_error);
  BOOST_CHECK_THROW(check(trainer_options{.max_steps = -1}), prefopt::value_error);
}

}  // namespace
