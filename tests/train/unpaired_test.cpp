// SPDX-License-Identifier: MIT
// Examples without a partner in steps, runs and evaluations.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/bco.hpp"
#include "prefopt/loss/kto.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/evaluate_every.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/recorder.hpp"
#include "train/small_world.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

std::vector<tokenized_unpaired> without_mismatched(std::vector<tokenized_unpaired> examples) {
  for (auto& example : examples) example.mismatched.clear();
  return examples;
}

/// The loss of a run's steps.
template <class Loss>
recorder trained(const Loss& loss, const std::vector<tokenized_unpaired>& examples) {
  bigram policy = toy_policy();
  const auto reference = reference_log_probs(policy, examples);
  recorder heard;
  trainer{policy,
          reference,
          loss,
          {.learning_rate = 0.05, .schedule = schedule::constant, .epochs = 100}}
      .train(examples, heard);
  return heard;
}

template <class Loss>
outcome outcome_of(Loss loss, const std::vector<tokenized_unpaired>& examples) {
  bigram policy = toy_policy();
  const auto found =
      accumulate_gradient(policy, toy_policy(77), loss, examples, first_members(examples.size()));
  return {found, gradient(policy)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(losses_of_unpaired_examples_train) {
  const auto examples = toy_unpaired(8);
  const auto check_falls = [](const recorder& heard) {
    BOOST_TEST(heard.reports.back().loss < 0.7 * heard.reports.front().loss);
    BOOST_TEST(find_metric(heard.reports.front().metrics, "rewards/margins").value() == 0.0);
    BOOST_TEST(find_metric(heard.reports.back().metrics, "rewards/margins").value() > 0.5);
  };
  check_falls(trained(kto{.beta = 0.5}, examples));
  check_falls(trained(bco{.beta = 0.5}, examples));
  check_falls(trained(bco{.beta = 0.5}, without_mismatched(examples)));
}

BOOST_AUTO_TEST_CASE(a_mismatched_completion_tells_kto_how_far_the_policy_went) {
  auto examples = toy_unpaired(8, 6);
  const outcome all = outcome_of(kto{}, examples);
  for (std::size_t e = 1; e < examples.size(); ++e) examples[e].mismatched.clear();
  // one of them is enough for the step
  BOOST_TEST(outcome_of(kto{}, examples).found.loss != all.found.loss);
  BOOST_CHECK_THROW(outcome_of(kto{}, without_mismatched(examples)), value_error);
  bigram policy = toy_policy();
  BOOST_CHECK_THROW((void)evaluate(policy, policy, kto{}, without_mismatched(examples)),
                    value_error);
}

BOOST_AUTO_TEST_CASE(a_mismatched_completion_says_nothing_to_bco) {
  const auto examples = toy_unpaired(8);
  const outcome with = outcome_of(bco{}, examples),
                without = outcome_of(bco{}, without_mismatched(examples));
  BOOST_TEST(with.found.loss == without.found.loss);
  BOOST_TEST((with.found.metrics == without.found.metrics));
  BOOST_TEST(with.gradient == without.gradient, boost::test_tools::per_element());
  std::int64_t tokens = 0;
  for (const auto& example : examples)
    tokens += static_cast<std::int64_t>(example.prompt.size() + example.completion.size());
  BOOST_TEST(without.found.tokens == tokens);
  BOOST_TEST(with.found.tokens == tokens);  // it is not read at all
  BOOST_TEST(with.found.examples == 8);
  const bigram policy = toy_policy();
  BOOST_TEST(evaluate(policy, toy_policy(77), bco{}, examples).loss ==
             evaluate(policy, toy_policy(77), bco{}, without_mismatched(examples)).loss);
}

BOOST_AUTO_TEST_CASE(only_a_loss_that_reads_mismatched_completions_is_given_them) {
  const auto examples = toy_unpaired(8);
  const auto tokens_of = [&](const auto& loss) { return outcome_of(loss, examples).found.tokens; };
  const std::int64_t own = tokens_of(bco{}), all = tokens_of(kto{});
  BOOST_TEST(own < all);
  BOOST_TEST(tokens_of(any_loss{bco{}}) == own);
  BOOST_TEST(tokens_of(any_loss{kto{}}) == all);
  BOOST_TEST(tokens_of(weighted_sum{weighted{bco{}, 1}, weighted{kto{}, 1}}) == all);
  // A reference computed for the completions alone has everything that bco reads.
  bigram policy = toy_policy();
  const auto completions =
      reference_log_probs(policy, examples, {.responses = response_selection::own()});
  BOOST_CHECK_NO_THROW(accumulate_gradient(policy, completions, bco{}, examples, first_members(8)));
}

namespace {

/// Log-ratios: up, 2 up, down, 0; the first one's mismatched completion: 2 up.
const std::vector<tokenized_unpaired> small_examples{
    {{0}, {0}, true, {0, 0}}, {{0}, {0, 0}, true}, {{0}, {1}, false}, {{1}, {1, 0}, false}};

}  // namespace

BOOST_AUTO_TEST_CASE(metrics_of_unpaired_examples_hold_desirable_against_undesirable_ones) {
  const auto shifted =
      evaluate(tilted_policy(), even_reference(), bco{.beta = 0.5}, small_examples);
  const auto moved = evaluate(tilted_policy(), even_reference(), kto{.beta = 0.5}, small_examples);
  for (const auto& evaluated : {shifted, moved}) {
    BOOST_TEST(evaluated.examples == 4);
    BOOST_TEST(names(evaluated.metrics) ==
                   (std::vector<std::string>{"rewards/chosen", "rewards/rejected",
                                             "rewards/margins", "logps/chosen", "logps/rejected"}),
               boost::test_tools::per_element());
    check_metric(evaluated.metrics, "rewards/chosen", 0.5 * (up + 2 * up) / 2);
    check_metric(evaluated.metrics, "rewards/rejected", 0.5 * (down + 0) / 2);
    check_metric(evaluated.metrics, "rewards/margins", 0.5 * (3 * up - down) / 2);
    check_metric(evaluated.metrics, "logps/chosen", (likely + 2 * likely) / 2);
    check_metric(evaluated.metrics, "logps/rejected", (unlikely + 2 * even) / 2);
  }
  check_close(shifted.loss, (std::log1p(1 / std::sqrt(1.5)) + std::log1p(1 / 1.5) +
                             std::log1p(std::sqrt(0.5)) + std::log(2.0)) /
                                4);
  // 1 - sigmoid(z) = 1 / (1 + exp(z)) with z = +-beta (r - 2 up)
  const double by_hand =
      1 / (1 + 1 / std::sqrt(1.5)) + 0.5 + 1 / (1 + 1.5 / std::sqrt(0.5)) + 1 / (1 + 1.5);
  check_close(moved.loss, by_hand / 4);
}

BOOST_AUTO_TEST_CASE(where_all_examples_are_of_one_kind_there_is_no_margin) {
  const std::vector<tokenized_unpaired> desirable{small_examples[0], small_examples[1]};
  const std::vector<tokenized_unpaired> undesirable{small_examples[2], small_examples[3]};
  const auto names_of = [](const std::vector<tokenized_unpaired>& examples) {
    return names(evaluate(tilted_policy(), even_reference(), bco{}, examples).metrics);
  };
  BOOST_TEST(names_of(desirable) == (std::vector<std::string>{"rewards/chosen", "logps/chosen"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      names_of(undesirable) == (std::vector<std::string>{"rewards/rejected", "logps/rejected"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_run_on_unpaired_examples_evaluates_those_held_out) {
  const auto examples = toy_unpaired(11), held_out = toy_unpaired(6, 9);
  const auto evaluates = [&](const auto& loss) {
    bigram policy = toy_policy();
    const bigram reference = toy_policy();
    recorder heard;
    trainer run{policy, reference, loss, short_run};
    const auto before = evaluate(policy, reference, run.loss(), held_out);
    run.train(examples, heard, evaluate_every{2, held_out, reference});
    BOOST_TEST(heard.evaluations.size() == 5U);  // 2, 4, 6, 8, 9
    const auto& last = heard.evaluations.back();
    const auto after = evaluate(policy, reference, run.loss(), held_out);
    BOOST_TEST(last.step == 9);
    BOOST_TEST(last.examples == 6);
    BOOST_TEST(last.loss == after.loss);
    BOOST_TEST((last.metrics == after.metrics));
    BOOST_TEST(last.loss != before.loss);
  };
  evaluates(kto{});
  evaluates(bco{});
}
