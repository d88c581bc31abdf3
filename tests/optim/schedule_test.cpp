// SPDX-License-Identifier: MIT
#include "prefopt/optim/schedule.hpp"

#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using prefopt::learning_rate_factor;
using prefopt::schedule;

// The factors of steps 0, 1, ... worked out by hand from Hugging Face's formulas.
void check_table(schedule shape, prefopt::schedule_span span, const std::vector<double>& expected) {
  for (std::size_t step = 0; step < expected.size(); ++step) {
    const double factor = learning_rate_factor(shape, static_cast<std::int64_t>(step), span);
    BOOST_TEST(std::abs(factor - expected[step]) < 1e-15, "step " << step << ": " << factor);
  }
}

BOOST_AUTO_TEST_CASE(warm_up_rises_from_zero_and_the_step_after_it_has_the_full_rate) {
  for (const schedule shape : {schedule::constant, schedule::linear, schedule::cosine})
    check_table(shape, {.warmup = 4, .total = 20}, {0, 0.25, 0.5, 0.75, 1});
}

BOOST_AUTO_TEST_CASE(without_warm_up_the_first_step_has_the_full_rate) {
  for (const schedule shape : {schedule::constant, schedule::linear, schedule::cosine})
    check_table(shape, {.warmup = 0, .total = 20}, {1});
}

BOOST_AUTO_TEST_CASE(constant_stays) {
  check_table(schedule::constant, {.warmup = 1, .total = 4}, {0, 1, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(linear_is_zero_once_the_last_step_is_done) {
  check_table(schedule::linear, {.warmup = 0, .total = 4}, {1, 0.75, 0.5, 0.25, 0, 0});
  check_table(schedule::linear, {.warmup = 2, .total = 6}, {0, 0.5, 1, 0.75, 0.5, 0.25, 0});
}

BOOST_AUTO_TEST_CASE(cosine_is_half_a_period) {
  const double r = std::sqrt(0.5);
  check_table(schedule::cosine, {.warmup = 0, .total = 4}, {1, (1 + r) / 2, 0.5, (1 - r) / 2, 0});
  check_table(schedule::cosine, {.warmup = 2, .total = 6},
              {0, 0.5, 1, (1 + r) / 2, 0.5, (1 - r) / 2, 0});
}

BOOST_AUTO_TEST_CASE(warm_up_may_last_as_long_as_the_run_or_longer) {
  check_table(schedule::linear, {.warmup = 2, .total = 2}, {0, 0.5, 0});
  check_table(schedule::linear, {.warmup = 4, .total = 2}, {0, 0.25});
}

BOOST_AUTO_TEST_CASE(a_name_and_its_schedule_belong_together) {
  for (const schedule shape : {schedule::constant, schedule::linear, schedule::cosine})
    BOOST_TEST((prefopt::schedule_from_name(prefopt::name_of(shape)) == shape));
  BOOST_TEST((prefopt::schedule_from_name("cosine") == schedule::cosine));
  BOOST_CHECK_THROW((void)prefopt::schedule_from_name("Linear"), prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(negative_counts_are_refused) {
  BOOST_CHECK_THROW((void)learning_rate_factor(schedule::linear, -1, {0, 4}), prefopt::value_error);
  BOOST_CHECK_THROW((void)learning_rate_factor(schedule::linear, 0, {-1, 4}), prefopt::value_error);
  BOOST_CHECK_THROW((void)learning_rate_factor(schedule::linear, 0, {0, -4}), prefopt::value_error);
}

}  // namespace
