// SPDX-License-Identifier: MIT
// Losses that carry numbers from step to step, in runs that stop, go on, evaluate and break.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/beta_dpo.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/evaluate_every.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/recorder.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

/// Calls `visit` with a fresh loss of each kind.
template <class Visitor>
void for_each_loss_with_a_state(const Visitor& visit) {
  const weighted_sum sum{weighted{bco{.beta = 0.3}, 0.8}, weighted{sft{}, 1}};
  visit(bco{.beta = 0.3});
  visit(beta_dpo{.beta = 0.3, .filtered = 0.3});
  visit(sum);
  visit(any_loss{sum});
}

/// A run of a loss on pairs of its own.
template <class Loss>
struct toy_training {
  std::vector<tokenized_pair> pairs = toy_pairs(11);
  bigram policy;
  bigram reference = toy_policy(77);
  trainer<bigram, bigram, Loss> run;
  recorder heard{};

  explicit toy_training(const Loss& loss, bigram start = toy_policy())
      : policy(std::move(start)), run(policy, reference, loss, short_run) {}
  toy_training(const toy_training&) = delete;

  template <class... Others>
  void go(std::int64_t stop_after = -1, Others&&... others) {
    heard.stop_after = stop_after;
    run.run(pairs, heard, others...);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_goes_on_with_its_losss_numbers_to_the_bits_of_one_that_never_stopped) {
  for_each_loss_with_a_state([]<class Loss>(const Loss& loss) {
    toy_training<Loss> straight(loss);
    straight.go();
    for (std::int64_t stop = 1; stop < 9; ++stop) {
      toy_training<Loss> stopped(loss);
      stopped.go(stop);
      toy_training<Loss> resumed(loss, stopped.policy);  // as if its weights had been saved
      resumed.run.restore(stopped.run.state());
      resumed.heard = stopped.heard;
      resumed.go();
      check_equal_reports(resumed.heard.reports, straight.heard.reports);
      BOOST_TEST(weights(resumed.policy) == weights(straight.policy), boost::test_tools::per_element());
      BOOST_TEST((resumed.run.state() == straight.run.state()));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_state_that_is_not_the_losss_is_refused_and_changes_nothing) {
  for_each_loss_with_a_state([]<class Loss>(const Loss& loss) {
    toy_training<Loss> early(loss), late(loss);
    early.go(2);
    late.go(5);
    const auto before = early.run.state();
    const auto refuses = [&](std::vector<double> numbers) {
      auto state = late.run.state();
      state.loss = std::move(numbers);
      BOOST_CHECK_THROW(early.run.restore(state), value_error);
      BOOST_TEST((early.run.state() == before));
    };
    const std::vector<double> numbers = late.run.state().loss;
    BOOST_TEST_REQUIRE(!numbers.empty());
    refuses({});
    refuses({numbers.begin(), numbers.end() - 1});
    auto longer = numbers;
    longer.push_back(1);
    refuses(longer);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      auto spoiled = numbers;
      spoiled[i] = std::numeric_limits<double>::quiet_NaN();
      refuses(spoiled);
    }
    BOOST_CHECK_NO_THROW(early.run.restore(late.run.state()));
    BOOST_TEST((early.run.state() == late.run.state()));
  });
}

BOOST_AUTO_TEST_CASE(a_sum_takes_no_fraction_as_the_length_of_its_first_terms_state) {
  weighted_sum sum{weighted{bco{}, 1}, weighted{bco{}, 1}};
  BOOST_CHECK_NO_THROW(sum.restore(std::vector<double>{2, 0.1, 7, 0.2, 7}));
  BOOST_CHECK_THROW(sum.restore(std::vector<double>{2.5, 0.1, 7, 0.2, 7}), value_error);
}

BOOST_AUTO_TEST_CASE(where_the_optimizer_refuses_a_state_the_loss_keeps_its_own) {
  for_each_loss_with_a_state([]<class Loss>(const Loss& loss) {
    toy_training<Loss> early(loss), late(loss);
    early.go(2);
    late.go(5);
    const auto before = early.run.state();
    auto state = late.run.state();
    state.optimizer.moments.clear();
    BOOST_CHECK_THROW(early.run.restore(state), shape_error);
    BOOST_TEST((early.run.state() == before));
  });
}

BOOST_AUTO_TEST_CASE(a_loss_that_carries_nothing_takes_no_numbers) {
  toy_training plain(dpo{});
  toy_training any(any_loss{dpo{}});
  auto state = plain.run.state();
  BOOST_TEST(state.loss.empty());
  BOOST_CHECK_NO_THROW(any.run.restore(state));
  state.loss = {0};
  BOOST_CHECK_THROW(plain.run.restore(state), value_error);
  BOOST_CHECK_THROW(any.run.restore(state), value_error);
}

BOOST_AUTO_TEST_CASE(evaluating_reads_a_losss_numbers_and_changes_none) {
  for_each_loss_with_a_state([]<class Loss>(const Loss& loss) {
    const auto held_out = toy_pairs(7, 9);
    toy_training<Loss> plain(loss), evaluating(loss);
    plain.go();
    evaluating.go(-1, evaluate_every{1, held_out, evaluating.reference, {.tokens_per_microbatch = 30}});
    BOOST_TEST(evaluating.heard.evaluations.size() == 9U);
    check_equal_reports(evaluating.heard.reports, plain.heard.reports);
    BOOST_TEST((evaluating.run.state() == plain.run.state()));
    const auto evaluated = [&](const Loss& with) { return evaluate(plain.policy, plain.reference, with, held_out); };
    check_close(evaluating.heard.evaluations.back().loss, evaluated(plain.run.loss()).loss);
    BOOST_TEST(std::abs(evaluated(loss).loss - evaluated(plain.run.loss()).loss) > 1e-4);
    BOOST_TEST((evaluating.run.state() == plain.run.state()));
  });
}

BOOST_AUTO_TEST_CASE(a_loss_does_not_take_in_a_step_that_is_not_made) {
  for_each_loss_with_a_state([]<class Loss>(const Loss& loss) {
    toy_training<Loss> broken(loss);
    broken.go(2);
    const auto before = broken.run.state();
    broken.reference.parameters().at(0).value[0] = std::numeric_limits<double>::quiet_NaN();
    BOOST_CHECK_THROW(broken.go(), not_finite);
    BOOST_TEST((broken.run.state() == before));
  });
}

BOOST_AUTO_TEST_CASE(a_loss_given_away_gives_what_one_that_stays_gives) {
  for_each_loss_with_a_state([]<class Loss>(const Loss& loss) {
    const auto pairs = toy_pairs(11);
    bigram policy = toy_policy();
    const bigram reference = toy_policy(77);
    Loss stays = loss;
    const double wanted = accumulate_gradient(policy, reference, stays, pairs, first_members(11)).loss;
    BOOST_TEST(accumulate_gradient(policy, reference, Loss(loss), pairs, first_members(11)).loss == wanted);
    BOOST_TEST(accumulate_gradient(policy, reference, loss, pairs, first_members(11)).loss != wanted);  // constant
  });
}

BOOST_AUTO_TEST_CASE(an_evaluation_of_beta_dpo_is_the_mean_over_all_pairs) {
  toy_training training(beta_dpo{.beta = 0.3, .filtered = 0.5});
  training.go();
  const auto held_out = toy_pairs(20, 9);
  const auto evaluated = [&](const auto& loss) {
    return evaluate(training.policy, training.reference, loss, held_out).loss;
  };
  beta_dpo all = training.run.loss();
  all.filtered = 0;
  all.drawn = {};
  BOOST_TEST(evaluated(training.run.loss()) == evaluated(all));
  beta_dpo other_draws = training.run.loss();
  other_draws.seed += 1;
  BOOST_TEST(evaluated(other_draws) == evaluated(all));
}
