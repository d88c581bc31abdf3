// SPDX-License-Identifier: MIT
// trainer::step, compared with trainer::run.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/recorder.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

const bigram reference = toy_policy(77);

// 12 pairs by 4, in order: what a step reads can also be passed in.
trainer_options in_order() {
  trainer_options options = short_run;
  options.shuffle = false;
  options.max_steps = 9;
  return options;
}

std::vector<tokenized_pair> of_step(const std::vector<tokenized_pair>& pairs, std::int64_t step) {
  const auto first = pairs.begin() + step % 3 * 4;
  return {first, first + 4};
}

BOOST_AUTO_TEST_CASE(steps_one_by_one_give_the_bits_of_a_run) {
  const auto pairs = toy_pairs(12);
  bigram ran = toy_policy(), stepped = toy_policy();
  recorder expected;
  trainer whole{ran, reference, dpo{}, in_order()};
  whole.train(pairs, expected);
  trainer single{stepped, reference, dpo{}, in_order()};
  std::vector<step_report> reports;
  for (std::int64_t step = 0; step < 9; ++step) {
    reports.push_back(single.step(of_step(pairs, step)));
    BOOST_TEST(reports.back().total_steps == 9);
    BOOST_TEST(reports.back().last == (step == 8));
    // a single step knows no epochs
    reports.back().epoch = expected.reports.at(static_cast<std::size_t>(step)).epoch;
  }
  check_equal_reports(reports, expected.reports);
  BOOST_TEST(weights(stepped) == weights(ran), boost::test_tools::per_element());
  auto state = single.state(), known = whole.state();
  // single steps take no fingerprint of the data
  BOOST_TEST((state.fingerprint == run_fingerprint{.options = known.fingerprint.options,
                                                   .weights = known.fingerprint.weights}));
  state.fingerprint = known.fingerprint;
  BOOST_TEST((state == known));
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_behind_single_steps) {
  const auto pairs = toy_pairs(12);
  bigram ran = toy_policy();
  trainer{ran, reference, dpo{}, in_order()}.train(pairs);
  for (std::int64_t by_hand = 1; by_hand <= 9; ++by_hand) {
    bigram mixed = toy_policy();
    trainer run{mixed, reference, dpo{}, in_order()};
    for (std::int64_t step = 0; step < by_hand; ++step) run.step(of_step(pairs, step));
    recorder heard;
    BOOST_TEST(run.train(pairs, heard) == 9);
    BOOST_TEST(static_cast<std::int64_t>(heard.reports.size()) == 9 - by_hand);
    BOOST_TEST(weights(mixed) == weights(ran), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_restored_state_is_stepped_on_from) {
  const auto pairs = toy_pairs(12);
  bigram straight = toy_policy(), halted = toy_policy();
  trainer whole{straight, reference, dpo{}, in_order()},
      before{halted, reference, dpo{}, in_order()};
  for (std::int64_t step = 0; step < 5; ++step) whole.step(of_step(pairs, step));
  for (std::int64_t step = 0; step < 2; ++step) before.step(of_step(pairs, step));
  bigram resumed = halted;
  trainer after{resumed, reference, dpo{}, in_order()};
  after.restore(before.state());
  for (std::int64_t step = 2; step < 5; ++step) after.step(of_step(pairs, step));
  BOOST_TEST(weights(resumed) == weights(straight), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_schedule_ends_with_the_last_step) {
  bigram policy = toy_policy();
  trainer run{policy, reference, dpo{}, {.learning_rate = 0.5, .warmup_steps = 1, .max_steps = 6}};
  for (const double factor : {0.0, 1.0, 0.8, 0.6, 0.4, 0.2})
    BOOST_TEST(std::abs(run.step(toy_pairs(3)).learning_rate - 0.5 * factor) < 1e-15);
}

BOOST_AUTO_TEST_CASE(a_step_may_have_any_number_of_pairs_but_none) {
  bigram policy = toy_policy();
  trainer run{policy, reference, dpo{}, {.learning_rate = 0.1, .batch_size = 2, .max_steps = 5}};
  for (const std::size_t count : {1U, 7U, 30U}) run.step(toy_pairs(count));
  const auto before = weights(policy);
  BOOST_CHECK_THROW(run.step(std::vector<tokenized_pair>{}), value_error);
  BOOST_TEST(run.steps_done() == 3);
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_step_without_max_steps_or_beyond_it_is_refused) {
  bigram policy = toy_policy();
  trainer endless{policy, reference, dpo{}, {.learning_rate = 0.1}};
  const auto pairs = toy_pairs(3);
  const auto asks_for_it = [](const value_error& error) {
    return std::string_view(error.what()).find("needs max_steps") != std::string_view::npos;
  };
  BOOST_CHECK_EXCEPTION(endless.step(pairs), value_error, asks_for_it);
  BOOST_TEST(endless.steps_done() == 0);
  trainer two{policy, reference, dpo{}, {.learning_rate = 0.1, .max_steps = 2}};
  two.step(pairs);
  BOOST_TEST(two.step(pairs).last);
  const auto before = weights(policy);
  BOOST_CHECK_THROW(two.step(pairs), value_error);
  BOOST_TEST(two.steps_done() == 2);
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
}

}  // namespace
