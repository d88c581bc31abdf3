// SPDX-License-Identifier: MIT
#include "prefopt/train/run_plan.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using prefopt::run_plan;

std::vector<std::size_t> epoch_of(run_plan& plan, std::int64_t epoch) {
  std::vector<std::size_t> all;
  for (std::int64_t step = 0; step < plan.steps_per_epoch(); ++step) {
    const auto members = plan.members(epoch * plan.steps_per_epoch() + step);
    all.insert(all.end(), members.begin(), members.end());
  }
  return all;
}

BOOST_AUTO_TEST_CASE(every_epoch_reads_every_pair_once_in_an_order_of_its_own) {
  run_plan plan(23, {.batch_size = 5, .epochs = 3});
  std::vector<std::vector<std::size_t>> orders;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    orders.push_back(epoch_of(plan, epoch));
    auto sorted = orders.back();
    std::ranges::sort(sorted);
    BOOST_TEST(sorted.size() == 23u);
    for (std::size_t i = 0; i < sorted.size(); ++i) BOOST_TEST(sorted[i] == i);
  }
  BOOST_TEST((orders[0] != orders[1] && orders[1] != orders[2] && orders[0] != orders[2]));
}

BOOST_AUTO_TEST_CASE(steps_do_not_span_epochs_and_the_last_is_short) {
  run_plan plan(23, {.batch_size = 5, .epochs = 2});
  BOOST_TEST(plan.steps_per_epoch() == 5);
  BOOST_TEST(plan.total_steps() == 10);
  BOOST_TEST(plan.members(4).size() == 3u);
  BOOST_TEST(plan.members(5).size() == 5u);
  BOOST_TEST(run_plan(3, {.batch_size = 8}).total_steps() == 1);
  BOOST_TEST(run_plan(8, {.batch_size = 8}).total_steps() == 1);
}

BOOST_AUTO_TEST_CASE(a_steps_pairs_do_not_depend_on_the_steps_asked_before) {
  run_plan walked(23, {.batch_size = 5, .epochs = 3}), jumped(23, {.batch_size = 5, .epochs = 3});
  std::vector<std::size_t> expected;
  for (std::int64_t step = 0; step <= 11; ++step) {
    const auto members = walked.members(step);
    expected.assign(members.begin(), members.end());
  }
  const auto members = jumped.members(11);
  BOOST_TEST(std::vector<std::size_t>(members.begin(), members.end()) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_shuffling_pairs_come_as_they_are) {
  run_plan plan(7, {.batch_size = 3, .shuffle = false});
  BOOST_TEST(epoch_of(plan, 1) == (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_seed_gives_another_order) {
  run_plan one(23, {.seed = 1}), two(23, {.seed = 2});
  BOOST_TEST((epoch_of(one, 0) != epoch_of(two, 0)));
}

BOOST_AUTO_TEST_CASE(max_steps_stands_above_epochs_and_epochs_go_on_counting) {
  run_plan plan(10, {.batch_size = 4, .epochs = 9, .max_steps = 7});
  BOOST_TEST(plan.total_steps() == 7);
  BOOST_TEST(plan.epochs_after(0) == 0.0);
  BOOST_TEST(plan.epochs_after(2) == 2.0 / 3);
  BOOST_TEST(plan.epochs_after(3) == 1.0);
  BOOST_TEST(plan.epochs_after(7) == 2 + 1.0 / 3);
}

BOOST_AUTO_TEST_CASE(nothing_to_read_and_uncountable_steps_are_refused) {
  BOOST_CHECK_THROW(run_plan(0, {}), prefopt::value_error);
  BOOST_CHECK_THROW(run_plan(99, {.epochs = std::numeric_limits<std::int64_t>::max()}),
                    prefopt::value_error);
}

}  // namespace
