// SPDX-License-Identifier: MIT
// Lists of responses in packing, steps, runs and evaluations.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/pack.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/lipo_lambda.hpp"
#include "prefopt/loss/plackett_luce_dpo.hpp"
#include "prefopt/loss/s_dpo.hpp"
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

template <class Loss, class Examples>
outcome outcome_of(const Loss& loss, const Examples& examples, std::size_t budget = 0) {
  bigram policy = toy_policy();
  const auto found =
      accumulate_gradient(policy, toy_policy(77), loss, examples, first_members(examples.size()),
                          {.tokens_per_microbatch = budget});
  return {found, gradient(policy)};
}

const std::tuple list_losses{plackett_luce_dpo{.beta = 0.3}, s_dpo{.beta = 0.3},
                             lipo_lambda{.beta = 0.3}};

template <class Visitor>
void for_each_list_loss(const Visitor& visit) {
  std::apply([&](const auto&... loss) { (visit(loss), ...); }, list_losses);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_tree_of_eight_responses_gives_the_bits_of_eight_sequences) {
  const auto lists = toy_lists(5, 8);
  const bigram policy = toy_policy();
  for (std::size_t e = 0; e < lists.size(); ++e) {
    const std::vector<std::size_t> alone{e};
    std::vector<double> expected;
    std::size_t tokens = 0;
    for (std::int32_t index = 0; index < 8; ++index) {
      const auto sequence = pack(lists, alone, {.responses = {index}});
      const auto log_probs = policy.token_log_probs(sequence);
      expected.insert(expected.end(), log_probs.begin(), log_probs.end());
      tokens += sequence.tokens.size();
    }
    const auto tree = pack(lists, alone);
    BOOST_TEST(tree.sequences.size() == 8U);
    // the prompt is there once
    BOOST_TEST(tree.tokens.size() + 7 * lists[e].prompt.size() <= tokens);
    BOOST_TEST(policy.token_log_probs(tree) == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_ranking_of_two_gives_the_bits_of_dpo_on_the_pair) {
  const auto pairs = toy_pairs(40);
  std::vector<tokenized_example> lists;
  for (const auto& pair : pairs) lists.push_back({pair.prompt, {pair.chosen, pair.rejected}});
  for (std::size_t i = 0; i < lists.size(); i += 2)
    lists[i].scores = {0.5, -static_cast<double>(i)};
  for (const std::size_t budget : {0U, 30U}) {
    const outcome expected = outcome_of(dpo{.beta = 0.1}, pairs, budget);
    const outcome came = outcome_of(plackett_luce_dpo{.beta = 0.1}, lists, budget);
    BOOST_TEST(came.found.loss == expected.found.loss);
    BOOST_TEST(came.found.tokens == expected.found.tokens);
    BOOST_TEST((came.found.metrics == expected.found.metrics));
    BOOST_TEST(came.gradient == expected.gradient, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(it_is_the_score_that_says_which_response_is_better) {
  auto pairs = toy_pairs(9);
  std::vector<tokenized_example> lists;
  for (const auto& pair : pairs)
    lists.push_back({pair.prompt, {pair.rejected, pair.chosen}, {-1, 2}});
  check_same_but_for_rounding(outcome_of(s_dpo{.beta = 0.3}, lists),
                              outcome_of(dpo{.beta = 0.3}, pairs));
}

BOOST_AUTO_TEST_CASE(a_sum_of_lists_and_supervision_does_not_depend_on_the_order_of_responses) {
  auto lists = toy_lists(9, 3);
  for (tokenized_example& list : lists) list.scores = {0.5, -1, -2};
  auto reversed = lists;
  for (tokenized_example& list : reversed) {
    std::ranges::reverse(list.responses);
    std::ranges::reverse(list.scores);
  }
  const weighted_sum sum{weighted{plackett_luce_dpo{.beta = 0.3}, 1}, weighted{sft{}, 1}};
  for (const std::size_t budget : {0U, 60U})
    check_same_but_for_rounding(outcome_of(sum, reversed, budget), outcome_of(sum, lists, budget));
}

BOOST_AUTO_TEST_CASE(micro_batches_of_lists_equal_one_big_batch) {
  auto lists = toy_lists(6, 4);
  for (const auto& list : toy_lists(5, 7, 8)) lists.push_back(list);  // lengths may differ
  for_each_list_loss([&](const auto& loss) {
    const outcome whole = outcome_of(loss, lists);
    for (const std::size_t budget : {1U, 60U}) {
      BOOST_TEST(microbatches(lists, first_members(lists.size()), {.tokens = budget}).size() > 3U);
      check_same_but_for_rounding(outcome_of(loss, lists, budget), whole);
    }
  });
}

BOOST_AUTO_TEST_CASE(losses_of_lists_train) {
  const auto lists = toy_lists(4, 4);
  for_each_list_loss([&](const auto& loss) {
    bigram policy = toy_policy();
    const auto reference = reference_log_probs(policy, lists);
    recorder heard;
    trainer{policy,
            reference,
            loss,
            {.learning_rate = 0.05, .schedule = schedule::constant, .epochs = 100}}
        .train(lists, heard);
    BOOST_TEST(heard.reports.back().loss < 0.7 * heard.reports.front().loss);
    BOOST_TEST(find_metric(heard.reports.front().metrics, "rewards/accuracies").value() == 0.0);
    BOOST_TEST(find_metric(heard.reports.back().metrics, "rewards/accuracies").value() > 0.7);
  });
}

namespace {

/// Log-ratios: {up, down, 2 up}, {2 up, down}, {0, up, 0}.
const std::vector<tokenized_example> small_lists{{{0}, {{0}, {1}, {0, 0}}, {0.2, 0.7, 0.5}},
                                                 {{0}, {{0, 0}, {1, 1}}},
                                                 {{1}, {{0}, {0, 0}, {1}}, {1, 0, 0}}};

}  // namespace

BOOST_AUTO_TEST_CASE(metrics_of_lists_hold_the_best_response_against_the_mean_of_the_others) {
  const auto evaluated =
      evaluate(tilted_policy(), even_reference(), s_dpo{.beta = 0.5}, small_lists);
  BOOST_TEST(evaluated.examples == 3);
  BOOST_TEST(
      names(evaluated.metrics) ==
          (std::vector<std::string>{"rewards/chosen", "rewards/rejected", "rewards/accuracies",
                                    "rewards/margins", "logps/chosen", "logps/rejected"}),
      boost::test_tools::per_element());
  const double chosen = 0.5 * (down + 2 * up + 0) / 3,
               rejected = 0.5 * (1.5 * up + down + 0.5 * up) / 3;
  check_metric(evaluated.metrics, "rewards/chosen", chosen);
  check_metric(evaluated.metrics, "rewards/rejected", rejected);
  check_metric(evaluated.metrics, "rewards/margins", chosen - rejected);
  // the third's others make no pair
  check_metric(evaluated.metrics, "rewards/accuracies", (1.0 / 3 + 1 + 0) / 3);
  check_metric(evaluated.metrics, "logps/chosen", (unlikely + 2 * likely + even) / 3);
  check_metric(evaluated.metrics, "logps/rejected",
               (1.5 * likely + (unlikely + even) + (2 * even + likely) / 2) / 3);
  // log(1 + sum exp(beta (r_j - r_c))), by hand
  const double first = std::sqrt(3.0) + 1.5 * std::sqrt(2.0), second = std::sqrt(0.5) / 1.5,
               third = std::sqrt(1.5) + 1;
  check_close(evaluated.loss, (std::log1p(first) + std::log1p(second) + std::log1p(third)) / 3);
}

BOOST_AUTO_TEST_CASE(a_list_without_a_better_response_has_no_accuracy) {
  auto lists = small_lists;
  lists[1].scores = {0.3, 0.3};
  const auto evaluated =
      evaluate(tilted_policy(), even_reference(), lipo_lambda{.beta = 0.5}, lists);
  check_metric(evaluated.metrics, "rewards/accuracies", (1.0 / 3 + 0) / 2);
  lists = {lists[1]};
  const auto tied = evaluate(tilted_policy(), even_reference(), lipo_lambda{.beta = 0.5}, lists);
  BOOST_TEST(!find_metric(tied.metrics, "rewards/accuracies").has_value());
  check_metric(tied.metrics, "rewards/margins", 0.5 * (2 * up - down));
  BOOST_TEST(tied.loss == 0.0);
}

BOOST_AUTO_TEST_CASE(a_run_on_lists_evaluates_lists_held_out) {
  const auto lists = toy_lists(11, 3), held_out = toy_lists(5, 4, 9);
  for_each_list_loss([&](const auto& loss) {
    bigram policy = toy_policy();
    const bigram reference = toy_policy();
    recorder heard;
    const auto before = evaluate(policy, reference, loss, held_out);
    trainer{policy, reference, loss, short_run}.train(lists, heard,
                                                      evaluate_every{2, held_out, reference});
    BOOST_TEST(heard.evaluations.size() == 5U);  // 2, 4, 6, 8, 9
    const auto& last = heard.evaluations.back();
    const auto after = evaluate(policy, reference, loss, held_out);
    BOOST_TEST(last.step == 9);
    BOOST_TEST(last.examples == 5);
    BOOST_TEST(last.loss == after.loss);
    BOOST_TEST((last.metrics == after.metrics));
    BOOST_TEST(last.loss != before.loss);
  });
}
