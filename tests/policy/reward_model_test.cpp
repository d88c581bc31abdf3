// SPDX-License-Identifier: MIT
// A scalar model read at the ends of responses is a trainable policy, whose numbers sum to rewards.

#include "prefopt/policy/reward_model.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/value_table.hpp"
#include "laws/trainable_policy_laws.hpp"

using namespace prefopt;

static_assert(trainable_policy<reward_model<value_table>> &&
              response_scorer<reward_model<value_table>>);

namespace {

constexpr std::size_t vocabulary = 6;

value_table random_table() {
  value_table table(vocabulary);
  random_generator random(1);
  const auto numbers = table.parameters().at(0).value;
  for (double& value : numbers) value = 2 * random.normal();
  return table;
}

reward_model<value_table> random_rewards() { return reward_model(random_table()); }

const tests::policy_subject subject{
    random_rewards, {.vocabulary_size = vocabulary, .positions = 40, .reads_no_targets = false}};

/// Prompts that responses share, responses that begin alike, a different number of them each.
std::vector<tokenized_example> some_examples() {
  return {{{1, 2}, {{3, 4}, {3, 5, 1}, {0}}},
          {{1}, {{2, 2}}},
          {{5, 5, 5}, {{4}, {4, 3}}},
          {{1, 2}, {{3}, {3, 4, 4}}}};
}

std::vector<std::size_t> first_members(std::size_t count) {
  std::vector<std::size_t> members;
  while (members.size() < count) members.push_back(members.size());
  return members;
}

prefix_tree_batch some_batch() {
  return pack(some_examples(), first_members(some_examples().size()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_of_rewards)

BOOST_AUTO_TEST_CASE(it_keeps_the_laws_of_a_policy_but_for_probabilities) {
  tests::check_trainable_laws_of_any_numbers(subject);
}

BOOST_AUTO_TEST_CASE(backward_agrees_with_finite_differences) {
  tests::backward_agrees_with_finite_differences(subject);
}

BOOST_AUTO_TEST_CASE(a_responses_numbers_are_its_reward_at_the_last_token_and_else_0) {
  const auto model = random_rewards();
  const auto batch = some_batch();
  const auto rewards = model.rewards(batch);
  const auto numbers = model.token_log_probs(batch);
  BOOST_REQUIRE_EQUAL(rewards.size(), batch.sequences.size());
  BOOST_REQUIRE_EQUAL(numbers.size(), batch.targets.size());
  for (std::size_t s = 0; s < rewards.size(); ++s) {
    const tree_sequence& sequence = batch.sequences[s];
    const auto own = std::span(numbers).subspan(static_cast<std::size_t>(sequence.first_target),
                                                static_cast<std::size_t>(sequence.count));
    BOOST_TEST(own.back() == rewards[s]);
    BOOST_TEST(rewards[s] != 0);
    for (const double other : own.first(own.size() - 1)) BOOST_TEST(other == 0);
  }
}

BOOST_AUTO_TEST_CASE(the_reward_is_what_the_model_reads_at_the_end) {
  const auto model = random_rewards();
  const auto batch = some_batch();
  BOOST_TEST(model.rewards(batch) == model.model().values(batch, last_rows(batch)),
             boost::test_tools::per_element());
  auto table = random_table();
  const auto values = table.parameters().at(0).value;
  const std::vector<double> expected{values[4], values[1], values[0], values[2],
                                     values[4], values[3], values[3], values[4]};
  BOOST_TEST(model.rewards(batch) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(backward_is_that_of_the_model_at_the_last_rows) {
  const auto batch = some_batch();
  const auto slopes = tests::model_laws::random_slopes(batch.targets.size(), 5);
  std::vector<double> at_ends;
  for (const tree_sequence& sequence : batch.sequences)
    at_ends.push_back(slopes[static_cast<std::size_t>(sequence.first_target + sequence.count) - 1]);
  auto model = random_rewards();
  model.forward(batch).backward(slopes);
  auto table = random_table();
  table.forward(batch, last_rows(batch)).backward(at_ends);
  const auto came = tests::model_laws::gradients(model),
             expected = tests::model_laws::gradients(table);
  BOOST_TEST(came.at(0) == expected.at(0), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(examples_are_scored_one_by_one_or_in_any_micro_batches_alike) {
  const auto model = random_rewards();
  const auto examples = some_examples();
  std::vector<double> expected;
  for (const tokenized_example& example : examples) {
    for (const token_ids& response : example.responses) {
      const packable_sequence one{.prompt = example.prompt, .response = response};
      expected.push_back(model.rewards(pack(std::span(&one, 1))).at(0));
    }
  }
  for (const std::size_t budget : {0U, 1U, 7U, 12U, 4096U})
    BOOST_TEST(model.rewards(examples, budget) == expected, boost::test_tools::per_element());
  BOOST_TEST(model(examples) == expected, boost::test_tools::per_element());
  BOOST_TEST(model.rewards(std::vector<tokenized_example>{}).empty());
}

BOOST_AUTO_TEST_CASE(pairs_are_scored_chosen_first) {
  const std::vector<tokenized_pair> pairs{{{1}, {2, 3}, {4}}, {{0}, {5}, {2, 2, 1}}};
  auto table = random_table();
  const auto values = table.parameters().at(0).value;
  BOOST_TEST(random_rewards().rewards(pairs, 1) ==
                 (std::vector<double>{values[3], values[4], values[5], values[1]}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_response_without_a_token_of_its_own_is_refused) {
  auto model = random_rewards();
  const token_ids prompt{1, 2}, one{3}, none;
  const std::vector<packable_sequence> empty_response{{0, 0, prompt, one}, {0, 1, prompt, none}};
  // it is in the place of a prompt
  const std::vector<packable_sequence> nothing_before_it{{0, 0, none, one}};
  for (const auto& sequences : {empty_response, nothing_before_it}) {
    const auto batch = pack(sequences);
    BOOST_CHECK_THROW((void)model.token_log_probs(batch), value_error);
    BOOST_CHECK_THROW((void)model.forward(batch), value_error);
  }
}

BOOST_AUTO_TEST_CASE(it_owns_its_model) {
  auto table = random_table();
  const double* const address = table.parameters().at(0).value.data();
  reward_model model(std::move(table));
  BOOST_TEST(model.parameters().at(0).value.data() == address);
  BOOST_TEST(&model.backend() == &model.model().backend());
}

BOOST_AUTO_TEST_SUITE_END()
