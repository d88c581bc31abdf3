// SPDX-License-Identifier: MIT
// The table of values is a trainable scalar model, and its numbers are those of the table.

#include "prefopt/policy/value_table.hpp"

#include <cstdint>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/reward_model.hpp"
#include "laws/trainable_scalar_model_laws.hpp"

using namespace prefopt;

namespace {

value_table random_table() {
  value_table table(6);
  random_generator random(1);
  const auto numbers = table.parameters().at(0).value;
  for (double& value : numbers) value = 2 * random.normal();
  return table;
}

const tests::scalar_subject subject{random_table, {.vocabulary_size = 6, .positions = 40}};

/// Three sequences: 3, 1 4; 3, 1 5 9; 2, 6.
prefix_tree_batch three_sequences() {
  const std::vector<tokenized_example> examples{{{3}, {{1, 4}, {1, 5, 9}}}, {{2}, {{6}}}};
  const std::vector<std::size_t> members{0, 1};
  return pack(examples, members);
}

token_ids tokens_at(const prefix_tree_batch& batch, const std::vector<std::int32_t>& rows) {
  token_ids tokens;
  for (const std::int32_t row : rows)
    tokens.push_back(batch.tokens.at(static_cast<std::size_t>(row)));
  return tokens;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table_of_values)

BOOST_AUTO_TEST_CASE(it_keeps_the_laws_of_a_scalar_model) {
  tests::check_trainable_scalar_model_laws(subject);
}

BOOST_AUTO_TEST_CASE(backward_agrees_with_finite_differences) {
  tests::backward_of_values_agrees_with_finite_differences(subject);
}

BOOST_AUTO_TEST_CASE(a_path_is_worth_what_stands_at_its_last_token) {
  value_table table(10);
  for (std::size_t token = 0; token < 10; ++token)
    table.parameters().at(0).value[token] = static_cast<double>(token);
  const auto batch = three_sequences();
  BOOST_TEST(table.values(batch, last_rows(batch)) == (std::vector<double>{4, 9, 6}),
             boost::test_tools::per_element());
  BOOST_TEST(table.values(batch, target_rows(batch)) == (std::vector<double>{3, 1, 3, 1, 5, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_new_table_is_worth_nothing) {
  const auto batch = three_sequences();
  BOOST_TEST(value_table(10).values(batch, last_rows(batch)) == std::vector<double>(3),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(its_tensor_is_frozen_by_name_through_a_reward_model_too) {
  value_table table(3);
  table.set_trainable("values", false);
  BOOST_TEST(!table.parameters()[0].trainable);
  reward_model reward{value_table(3)};
  reward.set_trainable("values", false);
  BOOST_TEST(!reward.parameters()[0].trainable);
  BOOST_CHECK_THROW(reward.set_trainable("value", false), value_error);
}

BOOST_AUTO_TEST_CASE(a_table_without_tokens_is_refused) {
  BOOST_CHECK_THROW(value_table(0), value_error);
}

// These rows hold the end of each sequence, and what comes before each target.
BOOST_AUTO_TEST_CASE(rewards_are_read_at_the_end_and_values_before_each_target) {
  const auto batch = three_sequences();
  BOOST_TEST(tokens_at(batch, last_rows(batch)) == (token_ids{4, 9, 6}),
             boost::test_tools::per_element());
  BOOST_TEST(tokens_at(batch, target_rows(batch)) == (token_ids{3, 1, 3, 1, 5, 2}),
             boost::test_tools::per_element());
  for (std::size_t m = 0; m < batch.targets.size(); ++m)
    BOOST_TEST(target_rows(batch)[m] == batch.targets[m].row);
  BOOST_TEST(last_rows({}).empty());
  BOOST_TEST(target_rows({}).empty());
}

BOOST_AUTO_TEST_CASE(a_row_that_is_not_there_is_named) {
  const auto batch = three_sequences();
  const auto message = [&](const std::vector<std::int32_t>& rows) -> std::string {
    try {
      check_rows_read(batch, rows);
    } catch (const value_error& error) {
      return error.what();
    }
    return "";
  };
  const auto count = static_cast<std::int32_t>(batch.tokens.size());
  BOOST_TEST(message({0, count - 1, 0}).empty());
  BOOST_TEST(message({0, count}) ==
             concat("batch: row ", count, " requested, expected one below ", count));
  BOOST_TEST(message({-1}) == concat("batch: row -1 requested, expected one below ", count));
}

BOOST_AUTO_TEST_SUITE_END()
