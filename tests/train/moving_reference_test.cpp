// SPDX-License-Identifier: MIT
// A moving reference follows the policy when it should, by as much as it should, and a run resumes
// from its weights.

#include "prefopt/policy/moving_reference.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

// 6 steps of 9 pairs
constexpr trainer_options settings{.learning_rate = 0.05, .batch_size = 3, .epochs = 2};
const std::vector<tokenized_pair> pairs = toy_pairs(9);

struct losses_of_steps {
  std::vector<double> losses = {};
  void on_step(const step_report& report) { losses.push_back(report.loss); }
};

std::vector<double> weights_of(const bigram& policy) {
  bigram copy = policy;
  return weights(copy);
}

/// All of a run's losses, with its reference moving.
std::vector<double> run(bigram& policy, moving_reference<bigram>& reference) {
  trainer all{policy, reference, dpo{}, settings};
  losses_of_steps seen;
  all.train(pairs, seen);
  return seen.losses;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(moving_references)

BOOST_AUTO_TEST_CASE(weights_are_mixed_by_alpha) {
  bigram policy = toy_policy(3);
  moving_reference reference(toy_policy(4), {.mixup_alpha = 0.3});
  const auto before = weights_of(reference.policy());
  const auto other = weights(policy);
  reference.sync(policy);
  const auto after = weights_of(reference.policy());
  for (std::size_t i = 0; i < after.size(); ++i)
    BOOST_TEST(std::abs(after[i] - (0.7 * before[i] + 0.3 * other[i])) < 1e-15);
  BOOST_TEST(weights(policy) == other, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(taken_over_after_every_step_the_loss_is_log_two_at_each) {
  bigram policy = toy_policy();
  moving_reference reference(toy_policy(), {.mixup_alpha = 1, .sync_steps = 1});
  const auto losses = run(policy, reference);
  BOOST_TEST(losses == std::vector<double>(6, std::numbers::ln2), boost::test_tools::per_element());
  BOOST_TEST(weights_of(reference.policy()) == weights(policy), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(single_steps_move_it_too) {
  bigram policy = toy_policy(), other = toy_policy();
  moving_reference reference(toy_policy(), {.mixup_alpha = 1, .sync_steps = 2});
  trainer run{policy, reference, dpo{}, {.learning_rate = 0.05, .max_steps = 4}};
  run.step(pairs);
  BOOST_TEST(weights_of(reference.policy()) == weights(other), boost::test_tools::per_element());
  run.step(pairs);
  BOOST_TEST(weights_of(reference.policy()) == weights(policy), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_policy_of_another_shape_mixes_nothing) {
  // The first tensors fit, the second do not.
  struct two_tensors {
    bigram first, second;
    explicit two_tensors(std::size_t last) : first(toy_policy()), second(last) {}
    std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
      return first.token_log_probs(batch);
    }
    bigram::pass forward(const prefix_tree_batch& batch) { return first.forward(batch); }
    std::vector<parameter<double>> parameters() {
      return {first.parameters()[0], second.parameters()[0]};
    }
    const host_backend<double>& backend() const { return first.backend(); }
  };
  two_tensors other(3);
  const auto first = other.first.parameters().at(0).value;  // a span: outlives the list
  for (double& logit : first) logit += 1;
  moving_reference reference{two_tensors(2), {.mixup_alpha = 1, .sync_steps = 1}};
  const auto before = weights_of(reference.policy().first);
  BOOST_CHECK_THROW(reference.sync(other), shape_error);
  BOOST_TEST(weights_of(reference.policy().first) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(until_the_first_update_it_is_a_frozen_reference) {
  bigram policy = toy_policy(), frozen_run = toy_policy(), start = toy_policy();
  moving_reference reference(toy_policy(), {.mixup_alpha = 0.6, .sync_steps = 4});
  const auto moving = run(policy, reference);
  trainer still{frozen_run, start, dpo{}, settings};
  losses_of_steps seen;
  still.train(pairs, seen);
  for (std::size_t step = 0; step < 4; ++step) BOOST_TEST(moving[step] == seen.losses[step]);
  BOOST_TEST(moving[4] != seen.losses[4]);
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_from_both_weights_and_the_state) {
  const moving_reference_options options{.mixup_alpha = 0.6, .sync_steps = 2};
  bigram whole = toy_policy();
  moving_reference whole_reference(toy_policy(), options);
  const auto expected = run(whole, whole_reference);

  struct stop_after_three {
    run_control on_step(const step_report& report) {
      return report.step == 3 ? run_control::stop : run_control::keep_going;
    }
  };
  bigram first = toy_policy();
  moving_reference first_reference(toy_policy(), options);
  trainer half{first, first_reference, dpo{}, settings};
  half.train(pairs, stop_after_three{});

  bigram second = first;
  moving_reference second_reference(bigram(first_reference.policy()), options);
  trainer rest{second, second_reference, dpo{}, settings};
  rest.restore(half.state());
  losses_of_steps seen;
  rest.train(pairs, seen);
  BOOST_TEST(seen.losses == std::vector<double>(expected.begin() + 3, expected.end()),
             boost::test_tools::per_element());
  BOOST_TEST(weights(second) == weights(whole), boost::test_tools::per_element());
  BOOST_TEST(weights_of(second_reference.policy()) == weights_of(whole_reference.policy()),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(bad_options_and_other_models_are_refused) {
  const auto refused = [](moving_reference_options options) {
    BOOST_CHECK_THROW(moving_reference(toy_policy(), options), value_error);
  };
  refused({.mixup_alpha = 0});
  refused({.mixup_alpha = 1.1});
  refused({.mixup_alpha = std::numeric_limits<double>::quiet_NaN()});
  refused({.sync_steps = 0});
  bigram other(toy_vocabulary + 1);
  moving_reference reference(toy_policy());
  BOOST_CHECK_THROW(reference.sync(other), shape_error);
  BOOST_CHECK_THROW((trainer{other, reference, dpo{}}), shape_error);
}

BOOST_AUTO_TEST_SUITE_END()
