// SPDX-License-Identifier: MIT
// Reward models in steps, runs and evaluations: the gradient is that of the mean loss, and a
// ranking is learned.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/reward_model.hpp"
#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/evaluate_every.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/recorder.hpp"
#include "train/small_world.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

static_assert(reference_for<no_reference, bradley_terry>);
static_assert(!reference_for<bigram, bradley_terry>, "rewards are measured against none");

namespace {

using toy_rewards = reward_model<value_table>;

toy_rewards random_rewards() {
  value_table table(toy_vocabulary);
  random_generator random(1);
  const auto numbers = table.parameters().at(0).value;
  for (double& value : numbers) value = random.normal();
  return toy_rewards(std::move(table));
}

template <class Examples>
outcome outcome_of(const bradley_terry& loss, const Examples& examples, std::size_t budget = 0) {
  toy_rewards model = random_rewards();
  const auto found =
      accumulate_gradient(model, no_reference{}, loss, examples, first_members(examples.size()),
                          {.tokens_per_microbatch = budget});
  const auto gradient = model.parameters().at(0).gradient;
  return {found, {gradient.begin(), gradient.end()}};
}

const bradley_terry plain{}, strict{.margin_scale = 3, .center_rewards_coefficient = 0.2};

// From the best last token to the worst.
const token_ids ranking{3, 0, 5, 1, 4, 2};

/// Every pair of tokens, each after a different prompt and different beginnings.
std::vector<tokenized_pair> ranked_pairs() {
  random_generator random(5);
  std::vector<tokenized_pair> pairs;
  for (std::size_t better = 0; better < ranking.size(); ++better) {
    for (std::size_t worse = better + 1; worse < ranking.size(); ++worse) {
      tokenized_pair pair{toy_tokens(random, 1, 3), toy_tokens(random, 0, 3),
                          toy_tokens(random, 0, 3)};
      pair.chosen.push_back(ranking[better]);
      pair.rejected.push_back(ranking[worse]);
      pairs.push_back(pair);
    }
  }
  return pairs;
}

const std::vector<std::string> names_of_rewards{"rewards/chosen", "rewards/rejected",
                                                "rewards/accuracies", "rewards/margins"};

}  // namespace

BOOST_AUTO_TEST_CASE(micro_batches_of_a_reward_models_pairs_equal_one_big_batch) {
  const auto lists = toy_lists(17, 2);
  for (const bradley_terry& loss : {plain, strict}) {
    const auto whole = outcome_of(loss, lists);
    for (const std::size_t budget : {1U, 13U, 40U, 150U})
      check_same_but_for_rounding(outcome_of(loss, lists, budget), whole);
  }
}

// From token ids through packing, model, reward and loss to the gradient.
BOOST_AUTO_TEST_CASE(a_reward_models_gradient_is_that_of_the_mean_loss) {
  const auto lists = toy_lists(9, 2);
  for (const bradley_terry& loss : {plain, strict}) {
    const auto found = outcome_of(loss, lists);
    toy_rewards model = random_rewards();
    const auto table = model.parameters().at(0).value;
    const auto loss_at = [&](double& value, double moved) {
      const double kept = std::exchange(value, value + moved);
      const double at = evaluate(model, no_reference{}, loss, lists).loss;
      value = kept;
      return at;
    };
    BOOST_TEST(found.found.loss == loss_at(table[0], 0), boost::test_tools::tolerance(1e-14));
    for (std::size_t i = 0; i < table.size(); ++i) {
      const double slope = (loss_at(table[i], 1e-5) - loss_at(table[i], -1e-5)) / 2e-5;
      BOOST_TEST(std::abs(slope - found.gradient[i]) < 1e-7, slope << " and " << found.gradient[i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_order_of_a_pairs_responses_is_nothing_and_their_scores_are_all) {
  const auto lists = toy_lists(9, 2);
  auto swapped = lists;
  for (tokenized_example& list : swapped) {
    std::swap(list.responses[0], list.responses[1]);
    std::swap(list.scores[0], list.scores[1]);
  }
  check_same_but_for_rounding(outcome_of(strict, swapped), outcome_of(strict, lists));
  auto further_apart = lists;
  for (tokenized_example& list : further_apart)
    for (double& score : list.scores) score *= 2;
  BOOST_TEST(outcome_of(strict, further_apart).found.loss > outcome_of(strict, lists).found.loss);
  check_same_but_for_rounding(outcome_of(plain, further_apart), outcome_of(plain, lists));
}

BOOST_AUTO_TEST_CASE(a_step_of_two_pairs_by_hand) {
  value_table table(4);
  std::ranges::copy(std::vector<double>{0, std::log(3.0), 1, -1},
                    table.parameters().at(0).value.begin());
  toy_rewards model(std::move(table));
  // margins log 3 and -2
  const std::vector<tokenized_pair> pairs{{{2}, {2, 1}, {0}}, {{2}, {3}, {1, 2}}};
  const auto found = accumulate_gradient(model, no_reference{}, plain, pairs, first_members(2));
  const double lost = 1 / (1 + std::exp(-2.0));  // sigmoid(2)
  check_close(found.loss, (std::log(4.0 / 3) - std::log(1 - lost)) / 2);
  const auto gradient = model.parameters().at(0).gradient;
  check_close(gradient[0], 0.25 / 2);
  check_close(gradient[1], -0.25 / 2);
  check_close(gradient[2], lost / 2);
  check_close(gradient[3], -lost / 2);
  BOOST_TEST(names(found.metrics) == names_of_rewards, boost::test_tools::per_element());
  check_metric(found.metrics, "rewards/chosen", (std::log(3.0) - 1) / 2);
  check_metric(found.metrics, "rewards/rejected", 0.5);
  check_metric(found.metrics, "rewards/accuracies", 0.5);
  check_metric(found.metrics, "rewards/margins", (std::log(3.0) - 2) / 2);
}

BOOST_AUTO_TEST_CASE(a_run_learns_a_ranking_from_pairs) {
  const auto pairs = ranked_pairs();
  toy_rewards model{value_table(toy_vocabulary)};
  recorder heard;
  trainer run{model,
              no_reference{},
              bradley_terry{.center_rewards_coefficient = 0.01},
              {.learning_rate = 0.1, .batch_size = 5, .epochs = 20, .seed = 7}};
  run.train(pairs, heard, evaluate_every{20, pairs, no_reference{}});
  BOOST_TEST(heard.reports.front().loss == std::log(2.0));
  BOOST_TEST(heard.reports.back().loss < 0.3);
  const auto values = model.parameters().at(0).value;
  token_ids learned(toy_vocabulary);
  std::iota(learned.begin(), learned.end(), 0);
  std::ranges::sort(learned, std::ranges::greater{},
                    [&](token_id token) { return values[static_cast<std::size_t>(token)]; });
  BOOST_TEST(learned == ranking, boost::test_tools::per_element());
  BOOST_TEST(std::abs(std::accumulate(values.begin(), values.end(), 0.0)) < 0.5);  // around 0

  const auto& last = heard.evaluations.back();
  BOOST_TEST(names(last.metrics) == names_of_rewards, boost::test_tools::per_element());
  check_metric(heard.evaluations.back().metrics, "rewards/accuracies", 1);
  for (const step_report& report : heard.reports)
    BOOST_TEST(names(report.metrics) == names_of_rewards, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_no_pair_is_refused_by_a_step) {
  toy_rewards model = random_rewards();
  const auto refuses = [&](const std::vector<tokenized_example>& examples) {
    BOOST_CHECK_THROW(accumulate_gradient(model, no_reference{}, plain, examples, first_members(1)),
                      value_error);
  };
  refuses(toy_lists(1, 3));
  refuses({{{1}, {{2}}}});
  refuses({{{1}, {{2}, {}}}});  // a response without a token
}
