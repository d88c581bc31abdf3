// SPDX-License-Identifier: MIT
// Supervised fine-tuning of a policy without a reference: what it reads, what it weighs, and where
// it ends.

#include "prefopt/loss/sft.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/bigram.hpp"
#include "prefopt/train/evaluate.hpp"
#include "prefopt/train/trainer.hpp"
#include "train/small_world.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

template <class Examples>
outcome outcome_of(const Examples& examples) {
  bigram policy = toy_policy();
  const auto found = accumulate_gradient(policy, no_reference{}, sft{}, examples,
                                         first_members(examples.size()), {});
  return {found, gradient(policy)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_step_of_sft_is_the_mean_over_responses_of_the_mean_over_their_tokens) {
  bigram policy = tilted_policy();
  const std::vector<tokenized_pair> pairs{{{0}, {0, 1, 0, 0}, {1}}, {{0}, {1}, {0, 0, 0}}};
  const auto found = accumulate_gradient(policy, no_reference{}, sft{}, pairs, first_members(2));
  const double first = likely + unlikely + even + likely;
  // the mean over all five tokens is another number
  check_close(found.loss, -(first / 4 + unlikely) / 2);
  BOOST_TEST(names(found.metrics) == std::vector<std::string>{"logps/chosen"},
             boost::test_tools::per_element());
  check_metric(found.metrics, "logps/chosen", (first + unlikely) / 2);
  BOOST_TEST(found.tokens == 5 + 2);  // what was rejected is not read

  // With respect to the logits after 0: p - [token], of three tokens that weigh 1/8 each and of one
  // that weighs 1/2.
  const std::vector<double> expected{3 * 0.75 / 8 - 2.0 / 8 + 0.75 / 2,
                                     3 * 0.25 / 8 - 1.0 / 8 + (0.25 - 1) / 2, (0.5 - 1) / 8,
                                     0.5 / 8};
  const auto came = gradient(policy);
  for (std::size_t i = 0; i < 4; ++i) check_close(came[i], expected[i]);
}

BOOST_AUTO_TEST_CASE(sft_reads_the_best_response_and_nothing_beside_it) {
  const auto pairs = toy_pairs(9);
  const outcome expected = outcome_of(pairs);
  auto others = pairs;
  for (tokenized_pair& pair : others) pair.rejected = {5, 5, 5};
  std::vector<tokenized_example> alone, lists, unsorted, single;
  std::vector<tokenized_unpaired> liked;
  for (const tokenized_pair& pair : pairs) {
    alone.push_back({pair.prompt, {pair.chosen}});
    lists.push_back({pair.prompt, {pair.chosen, {0}, pair.rejected, {1, 2}}});
    unsorted.push_back(
        {pair.prompt, {{0}, {1, 2}, pair.chosen, pair.rejected}, {-7, -9, -0.5, -3}});
    single.push_back({pair.prompt, {pair.chosen}, {0.1}});
    liked.push_back({pair.prompt, pair.chosen, true, {3, 3}});
  }
  const auto same = [&](const outcome& came) {
    BOOST_TEST(came.found.loss == expected.found.loss);
    BOOST_TEST((came.found.metrics == expected.found.metrics));
    BOOST_TEST(came.found.tokens == expected.found.tokens);
    BOOST_TEST(came.gradient == expected.gradient, boost::test_tools::per_element());
  };
  same(outcome_of(others));
  same(outcome_of(alone));
  same(outcome_of(lists));
  same(outcome_of(unsorted));
  same(outcome_of(single));
  same(outcome_of(liked));
  BOOST_TEST(evaluate(toy_policy(), no_reference{}, sft{}, unsorted).loss ==
             evaluate(toy_policy(), no_reference{}, sft{}, pairs).loss);
}

BOOST_AUTO_TEST_CASE(sft_imitates_no_completion_that_is_not_desirable) {
  const std::vector<tokenized_unpaired> disliked{{{0}, {1}, true}, {{0}, {1}, false, {2}}};
  BOOST_CHECK_THROW((void)outcome_of(disliked), value_error);
  BOOST_CHECK_THROW((void)evaluate(toy_policy(), no_reference{}, sft{}, disliked), value_error);
  const std::vector<tokenized_example> poor{{{0}, {{1}}, {-0.5}}};
  BOOST_CHECK_THROW((void)outcome_of(poor), value_error);
}

// The negative log-likelihood is smallest where probabilities are frequencies, and is their entropy
// there.
BOOST_AUTO_TEST_CASE(a_run_of_sft_ends_at_the_frequencies_of_its_data) {
  const std::vector<tokenized_example> examples{{{0}, {{0, 1, 0, 2}}}, {{0}, {{1, 1, 2, 0}}},
                                                {{1}, {{0, 2, 2, 1}}}, {{2}, {{0, 0, 1, 0}}},
                                                {{2}, {{2, 1, 2, 1}}}, {{0}, {{1, 0, 2, 0}}}};
  std::vector<double> counts(9), totals(3);
  for (const tokenized_example& example : examples) {
    token_id last = example.prompt.back();
    for (const token_id token : example.responses[0]) {
      counts[static_cast<std::size_t>(3 * last + token)] += 1;
      totals[static_cast<std::size_t>(last)] += 1;
      last = token;
    }
  }
  bigram policy(3);
  trainer{policy,
          no_reference{},
          sft{},
          {.learning_rate = 0.1, .max_grad_norm = 0, .batch_size = 6, .epochs = 600}}
      .train(examples);
  double entropy = 0;  // per token
  for (std::size_t before = 0; before < 3; ++before) {
    for (std::size_t token = 0; token < 3; ++token) {
      const double frequency = counts[3 * before + token] / totals[before];
      BOOST_TEST(frequency > 0);
      BOOST_TEST(std::abs(std::exp(policy.log_prob(before, token)) - frequency) < 1e-4);
      entropy -= counts[3 * before + token] * std::log(frequency) / 24;
    }
  }
  BOOST_TEST(std::abs(evaluate(policy, no_reference{}, sft{}, examples).loss - entropy) < 1e-7);
}
