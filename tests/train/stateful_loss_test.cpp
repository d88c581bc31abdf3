// SPDX-License-Identifier: MIT
// Losses that carry numbers from step to step, in runs that stop, resume, evaluate and fail.

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

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

/// A run of a loss on its own pairs.
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
    run.train(pairs, heard, others...);
  }
};

/// A listwise loss whose baseline is the running mean of the steps' log-ratios; it couples nothing.
struct with_a_baseline {
  static constexpr std::string_view name = "with_a_baseline";
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{};
  double mean = 0;
  double steps = 0;

  list_loss operator()(std::span<const response_log_probs> list) const {
    list_loss result;
    for (const response_log_probs& one : list) {
      const double gap = one.policy - one.reference - mean - one.score;
      result.loss += gap * gap;
      result.slopes.push_back(2 * gap);
    }
    return result;
  }
  void observe(const response_groups& groups) {
    double sum = 0;
    for (const response_log_probs& one : groups.responses) sum += one.policy - one.reference;
    mean += (sum / static_cast<double>(groups.responses.size()) - mean) / ++steps;
  }
  [[nodiscard]] std::vector<double> state() const { return {mean, steps}; }
  void restore(std::span<const double> state) {
    if (state.size() != 2) throw value_error("with_a_baseline: no such state");
    mean = state[0], steps = state[1];
  }
  friend void check(const with_a_baseline&) {}
};
static_assert(listwise_loss<with_a_baseline> && stateful_loss<with_a_baseline>);

/// The same, reading tokens itself.
struct token_baseline : with_a_baseline {
  token_results operator()(const token_groups& groups) const {
    return token_losses(static_cast<const with_a_baseline&>(*this), groups);
  }
  void observe(const token_groups& groups) {
    prefopt::observe(static_cast<with_a_baseline&>(*this), groups);
  }
  [[nodiscard]] static bool couples() { return false; }
  [[maybe_unused]] friend void check(const token_baseline&) {}
};
static_assert(token_loss<token_baseline>);

/// One step of 40 pairs.
template <class Loss>
outcome step_of(Loss& loss, std::size_t tokens) {
  const auto pairs = toy_pairs(40);
  bigram policy = toy_policy();
  const bigram reference = toy_policy(77);
  const auto found = accumulate_gradient(policy, reference, loss, pairs, first_members(40),
                                         {.tokens_per_microbatch = tokens});
  return {found, gradient(policy)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_loss_with_a_state_observes_a_step_once_however_it_is_cut) {
  const auto check_cuts = [](const auto& loss) {
    auto whole = loss;
    const outcome expected = step_of(whole, 0);
    for (const std::size_t tokens : {60u, 20u}) {
      auto cut = loss;
      check_same_but_for_rounding(step_of(cut, tokens), expected);
      const std::vector<double> state = state_of(cut), all = state_of(whole);
      BOOST_TEST_REQUIRE(state.size() == all.size());
      for (std::size_t i = 0; i < state.size(); ++i) check_close(state[i], all[i]);
    }
  };
  check_cuts(with_a_baseline{});
  check_cuts(token_baseline{});
  check_cuts(any_loss{with_a_baseline{}});
  check_cuts(weighted_sum{weighted{sft{}, 0.5}, weighted{with_a_baseline{}, 1}});
  check_cuts(any_loss{weighted_sum{weighted{with_a_baseline{}, 1}, weighted{sft{}, 0.5}}});
}

BOOST_AUTO_TEST_CASE(only_losses_with_a_state_are_scored_twice) {
  BOOST_TEST(
      (carries_state(with_a_baseline{}) && carries_state(bco{}) && carries_state(any_loss{bco{}})));
  BOOST_TEST((!carries_state(dpo{}) && !carries_state(any_loss{dpo{}})));
  BOOST_TEST(!carries_state(weighted_sum{weighted{dpo{}, 1}, weighted{sft{}, 1}}));
}

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
      BOOST_TEST(weights(resumed.policy) == weights(straight.policy),
                 boost::test_tools::per_element());
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
    evaluating.go(-1,
                  evaluate_every{1, held_out, evaluating.reference, {.tokens_per_microbatch = 30}});
    BOOST_TEST(evaluating.heard.evaluations.size() == 9U);
    check_equal_reports(evaluating.heard.reports, plain.heard.reports);
    BOOST_TEST((evaluating.run.state() == plain.run.state()));
    const auto evaluated = [&](const Loss& with) {
      return evaluate(plain.policy, plain.reference, with, held_out);
    };
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
    auto after = broken.run.state();
    after.fingerprint = before.fingerprint;  // it is another reference now
    BOOST_TEST((after == before));
  });
}

BOOST_AUTO_TEST_CASE(a_loss_given_away_gives_what_one_that_stays_gives) {
  for_each_loss_with_a_state([]<class Loss>(const Loss& loss) {
    const auto pairs = toy_pairs(11);
    bigram policy = toy_policy();
    const bigram reference = toy_policy(77);
    Loss stays = loss;
    const double expected =
        accumulate_gradient(policy, reference, stays, pairs, first_members(11)).loss;
    BOOST_TEST(accumulate_gradient(policy, reference, Loss(loss), pairs, first_members(11)).loss ==
               expected);
    // constant
    BOOST_TEST(accumulate_gradient(policy, reference, loss, pairs, first_members(11)).loss !=
               expected);
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
