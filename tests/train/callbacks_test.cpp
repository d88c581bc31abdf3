// SPDX-License-Identifier: MIT
#include "prefopt/train/callbacks.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/train/evaluate_every.hpp"
#include "prefopt/train/save_every.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

using toy_trainer = trainer<bigram, bigram, dpo>;

struct silent {};
struct misnamed {
  void on_stepped(const step_report&) {}
};
struct only_saves_heard {
  void on_save(const std::string&) {}
};
static_assert(!run_callback<silent, toy_trainer> && !run_callback<misnamed, toy_trainer>);
static_assert(run_callback<only_saves_heard, toy_trainer>);

// An on_step returns nothing or a run_control; any other answer would be lost, so it does not pass
// for an on_save either.
template <class Answer>
struct answering {
  Answer on_step(const step_report&);
  void on_save(const std::string&) {}
};
static_assert(step_callback<answering<void>> && step_callback<answering<run_control>>);
static_assert(!step_callback<answering<bool>> && !step_callback<answering<const run_control&>>);
static_assert(run_callback<answering<run_control>, toy_trainer> &&
              !run_callback<answering<bool>, toy_trainer>);

// Pairs and references that would dangle before the first evaluation do not compile; no_reference
// does.
template <class Reference, class Pairs, class Given = const Reference&>
constexpr bool evaluates = std::is_constructible_v<evaluate_every<Reference>, int, Pairs, Given>;
static_assert(evaluates<bigram, const std::vector<tokenized_pair>&> &&
              evaluates<bigram, std::vector<tokenized_pair>&>);
static_assert(evaluates<bigram, std::span<const tokenized_pair>> &&
              evaluates<bigram, std::span<tokenized_pair>>);
static_assert(!evaluates<bigram, std::vector<tokenized_pair>> &&
              !evaluates<bigram, const std::vector<tokenized_pair>>);
static_assert(!evaluates<bigram, std::array<tokenized_pair, 2>>);
static_assert(!evaluates<bigram, std::vector<tokenized_pair>&, bigram>);
static_assert(evaluates<no_reference, std::vector<tokenized_pair>&, no_reference>);
static_assert(!evaluates<no_reference, std::vector<tokenized_pair>, no_reference>);
static_assert(run_callback<evaluate_every<bigram>, toy_trainer>);

/// Records everything that it is told.
struct diary {
  std::vector<std::string> lines = {};
  void on_step(const step_report& report) { lines.push_back(concat("step ", report.step)); }
  void on_evaluate(const evaluation_report& report) {
    lines.push_back(concat("evaluated ", report.step));
  }
  void on_save(const std::string& name) { lines.push_back(concat("saved ", name)); }
};

struct toy_setting {
  std::vector<tokenized_pair> pairs = toy_pairs(7);
  bigram policy = toy_policy();
  bigram reference = toy_policy();
  // 4 steps
  toy_trainer run{policy, reference, dpo{}, {.learning_rate = 0.01, .batch_size = 2}};
};

const auto by_step = [](const auto& run, const step_report& report) {
  BOOST_TEST(run.steps_done() == report.step);
  return concat(report.step);
};

BOOST_AUTO_TEST_CASE(steps_are_told_before_evaluations_and_those_before_saves_to_all_callbacks) {
  toy_setting toy;
  diary first, last;
  toy.run.train(toy.pairs, first, save_every{2, by_step},
                evaluate_every{3, toy.pairs, toy.reference}, last);
  const std::vector<std::string> expected{"step 1",      "step 2", "saved 2",     "step 3",
                                          "evaluated 3", "step 4", "evaluated 4", "saved 4"};
  BOOST_TEST(first.lines == expected, boost::test_tools::per_element());
  BOOST_TEST(last.lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_interval_of_zero_means_at_the_end_only) {
  toy_setting toy;
  diary told;
  toy.run.train(toy.pairs, told, save_every{0, by_step},
                evaluate_every{0, toy.pairs, toy.reference});
  BOOST_TEST(told.lines == (std::vector<std::string>{"step 1", "step 2", "step 3", "step 4",
                                                     "evaluated 4", "saved 4"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_step_that_stops_the_run_is_still_evaluated_and_saved_and_told_to_all) {
  struct stopper {
    run_control on_step(const step_report& report) {
      return report.step == 2 ? run_control::stop : run_control::keep_going;
    }
  };
  toy_setting toy;
  diary told;
  BOOST_TEST(toy.run.train(toy.pairs, stopper{}, save_every{2, by_step}, told) == 2);
  BOOST_TEST(told.lines == (std::vector<std::string>{"step 1", "step 2", "saved 2"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_step_that_stops_the_run_is_its_last) {
  struct stopper {
    run_control on_step(const step_report& report) {
      BOOST_TEST(!report.last);
      return report.step == 3 ? run_control::stop : run_control::keep_going;
    }
  };
  toy_setting toy;
  diary told;
  const auto name = [](const auto&, const step_report& report) {
    BOOST_TEST(report.last);
    return concat(report.step);
  };
  toy.run.train(toy.pairs, save_every{0, name}, evaluate_every{0, toy.pairs, toy.reference},
                stopper{}, told);
  const std::vector<std::string> expected{"step 1", "step 2", "step 3", "evaluated 3", "saved 3"};
  BOOST_TEST(told.lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_log_does_not_hold_which_step_was_the_last) {
  step_report report;
  report.last = true;
  for_each_value(report, [](std::string_view name, auto) { BOOST_TEST(name != "last"); });
}

BOOST_AUTO_TEST_CASE(no_reference_stands_for_good_wherever_it_came_from) {
  toy_setting toy;
  const auto make = [&] { return trainer{toy.policy, no_reference{}, sft{}}; };
  const auto one = make(), other = make();
  BOOST_TEST(&one.reference() == &other.reference());
}

BOOST_AUTO_TEST_CASE(an_evaluation_within_a_run_is_that_of_the_policy_after_the_step) {
  struct listener {
    const toy_setting& toy;
    int heard = 0;
    void on_evaluate(const evaluation_report& report) {
      const auto again = evaluate(toy.policy, toy.reference, dpo{}, toy.pairs);
      BOOST_TEST(report.loss == again.loss);
      BOOST_TEST((report.metrics == again.metrics));
      BOOST_TEST(report.epoch == static_cast<double>(report.step) / 4);
      ++heard;
    }
  };
  toy_setting toy;
  listener told{toy};
  toy.run.train(toy.pairs, evaluate_every{1, toy.pairs, toy.reference}, told);
  BOOST_TEST(told.heard == 4);
}

BOOST_AUTO_TEST_CASE(intervals_below_zero_and_empty_evaluations_are_refused) {
  toy_setting toy;
  BOOST_CHECK_THROW((evaluate_every{-1, toy.pairs, toy.reference}), value_error);
  const std::vector<tokenized_pair> none;
  BOOST_CHECK_THROW((evaluate_every{1, none, toy.reference}), value_error);
  BOOST_CHECK_THROW((save_every{-1, by_step}), value_error);
}

}  // namespace
