// SPDX-License-Identifier: MIT
#include "prefopt/train/rollouts.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/policy/value_table.hpp"
#include "train/path_reader.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

constexpr std::size_t everything = 100000;  // packed tokens
constexpr token_id end = 0;

/// Every third has the same prompt of 20 tokens, and some of those the same response: they share
/// trees in any packing.
std::vector<tokenized_example> sampled(std::size_t count) {
  random_generator random(9);
  const token_ids shared = toy_tokens(random, 20, 20), answer = toy_tokens(random, 5, 5);
  std::vector<tokenized_example> all;
  for (std::size_t i = 0; i < count; ++i) {
    const token_ids own = toy_tokens(random, 1, 4);
    all.push_back({i % 3 == 0 ? shared : own, {i % 6 == 0 ? answer : toy_tokens(random, 1, 6)}});
  }
  return all;
}

/// The reward of response e of a call is e + 1.
std::vector<double> counted(std::span<const tokenized_example> examples) {
  std::vector<double> scores(examples.size());
  std::iota(scores.begin(), scores.end(), 1.0);
  return scores;
}

const path_reader writer{0.1}, reader{0.2}, critic{0.3};

rollouts read(const ppo& options, std::size_t tokens = everything, std::size_t count = 13) {
  return read_rollouts(sampled(count), writer, reader, critic, counted, options, end, tokens);
}

/// What each token earned: r_t = A_t - gamma lambda A_t+1 - gamma V_t+1 + V_t; here lambda is 1,
/// and so the difference of two returns.
std::vector<double> rewards_of(const rollouts& made) {
  std::vector<double> rewards = made.returns;
  for (std::size_t e = 0; e < made.size(); ++e)
    for (std::size_t m = made.begins[e]; m + 1 < made.begins[e + 1]; ++m)
      rewards[m] -= made.returns[m + 1];
  return rewards;
}

const ppo telescoping{.kl_coef = 0.5, .advantage = {.gamma = 1, .lam = 1}};

BOOST_AUTO_TEST_CASE(numbers_lie_response_by_response_token_by_token) {
  const rollouts made = read({});
  BOOST_REQUIRE(made.begins.size() == made.size() + 1);
  for (std::size_t e = 0; e < made.size(); ++e) {
    token_ids path = made.examples[e].prompt;
    const token_ids& response = made.examples[e].responses[0];
    BOOST_REQUIRE(made.begins[e + 1] - made.begins[e] == response.size());
    for (std::size_t t = 0; t < response.size(); ++t) {
      const std::size_t m = made.begins[e] + t;
      BOOST_TEST(made.values[m] == critic.number(path));  // before the token
      path.push_back(response[t]);
      BOOST_TEST(made.log_probs[m] == writer.number(path) - 1.5);
      BOOST_TEST(made.reference[m] == reader.number(path) - 1.5);
    }
  }
  BOOST_TEST(made.begins.back() == made.log_probs.size());
  BOOST_TEST(made.begins.back() == made.advantages.size());
}

BOOST_AUTO_TEST_CASE(micro_batches_do_not_change_what_belongs_to_whom) {
  const rollouts whole = read({});
  for (const std::size_t tokens : {1U, 9U, 40U, 60U}) {
    const rollouts cut = read({}, tokens);
    BOOST_TEST(cut.log_probs == whole.log_probs, boost::test_tools::per_element());
    BOOST_TEST(cut.reference == whole.reference, boost::test_tools::per_element());
    BOOST_TEST(cut.values == whole.values, boost::test_tools::per_element());
    BOOST_TEST(cut.advantages == whole.advantages, boost::test_tools::per_element());
    BOOST_TEST(cut.returns == whole.returns, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(each_offset_is_visited_once_with_its_own_token) {
  const rollouts made = read({});
  std::vector<std::size_t> members(made.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  std::swap(members[0], members[7]);
  for (const std::size_t tokens : {1U, 40U, 100000U}) {
    std::vector<token_id> seen(made.begins.back(), -1), expected;
    for_each_microbatch(
        made, members, tokens,
        [&](const prefix_tree_batch& batch, std::span<const std::size_t> offsets) {
          for (std::size_t i = 0; i < offsets.size(); ++i)
            BOOST_TEST(std::exchange(seen[offsets[i]], batch.targets[i].token) == -1);
        });
    for (const auto& example : made.examples)
      expected.insert(expected.end(), example.responses[0].begin(), example.responses[0].end());
    BOOST_TEST(seen == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(each_token_pays_for_its_divergence_and_the_last_earns_the_score) {
  for (const kl_estimator estimator : {kl_estimator::k1, kl_estimator::k3}) {
    ppo options = telescoping;
    options.kl_estimator = estimator;
    const rollouts made = read(options);
    const std::vector<double> rewards = rewards_of(made);
    for (std::size_t e = 0; e < made.size(); ++e)
      for (std::size_t m = made.begins[e]; m < made.begins[e + 1]; ++m) {
        const double ratio = made.log_probs[m] - made.reference[m];
        const double kl = estimator == kl_estimator::k1 ? ratio : std::exp(-ratio) - 1 + ratio;
        check_close(rewards[m],
                    -0.5 * kl + (m + 1 == made.begins[e + 1] ? static_cast<double>(e + 1) : 0));
        if (estimator == kl_estimator::k3 && m + 1 < made.begins[e + 1])
          BOOST_TEST(rewards[m] <= 1e-14);
      }
  }
}

BOOST_AUTO_TEST_CASE(its_own_reference_costs_a_policy_nothing) {
  for (const kl_estimator estimator : {kl_estimator::k1, kl_estimator::k3}) {
    ppo options = telescoping;
    options.kl_estimator = estimator;
    const rollouts made =
        read_rollouts(sampled(5), writer, writer, critic, counted, options, end, 40);
    const std::vector<double> rewards = rewards_of(made);
    for (std::size_t e = 0; e < made.size(); ++e)
      for (std::size_t m = made.begins[e]; m < made.begins[e + 1]; ++m)
        check_close(rewards[m], m + 1 == made.begins[e + 1] ? static_cast<double>(e + 1) : 0);
  }
}

BOOST_AUTO_TEST_CASE(advantages_are_those_of_each_response_whitened_over_all) {
  const ppo options{.kl_coef = 0.2, .advantage = {.gamma = 0.9, .lam = 0.8}};
  const rollouts made = read(options);
  std::vector<double> expected;
  for (std::size_t e = 0; e < made.size(); ++e) {
    std::vector<double> rewards, values;
    for (std::size_t m = made.begins[e]; m < made.begins[e + 1]; ++m) {
      rewards.push_back(-0.2 * (made.log_probs[m] - made.reference[m]));
      values.push_back(made.values[m]);
    }
    rewards.back() += static_cast<double>(e + 1);
    const auto alone = generalized_advantages(rewards, values, options.advantage);
    for (std::size_t t = 0; t < values.size(); ++t)
      check_close(made.returns[made.begins[e] + t], alone.returns[t]);
    expected.insert(expected.end(), alone.advantages.begin(), alone.advantages.end());
  }
  whiten(expected);
  for (std::size_t m = 0; m < expected.size(); ++m) check_close(made.advantages[m], expected[m]);
}

BOOST_AUTO_TEST_CASE(rewards_may_be_whitened_with_their_mean_kept) {
  ppo options = telescoping;
  std::vector<double> expected = rewards_of(read(options));
  whiten(expected, true);
  options.whiten_rewards = true;
  const std::vector<double> came = rewards_of(read(options));
  for (std::size_t m = 0; m < expected.size(); ++m) check_close(came[m], expected[m]);
}

BOOST_AUTO_TEST_CASE(a_response_without_an_end_pays_the_penalty) {
  const std::vector<tokenized_example> examples{
      {{1}, {{2, 0}}}, {{1}, {{0, 2}}}, {{3}, {{4}}}, {{3}, {{0}}}};
  const auto scores = [&](const ppo& options, token_id end_of_text) {
    return read_rollouts(examples, writer, reader, critic, counted, options, end_of_text,
                         everything)
        .scores;
  };
  BOOST_TEST(scores({.missing_eos_penalty = 1.5}, 0) == (std::vector<double>{1, 0.5, 1.5, 4}),
             boost::test_tools::per_element());
  BOOST_TEST(scores({.missing_eos_penalty = 1.5}, 4) == (std::vector<double>{-0.5, 0.5, 3, 2.5}),
             boost::test_tools::per_element());
  BOOST_TEST(scores({}, 0) == (std::vector<double>{1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_number_of_rewards_or_log_probs_is_refused) {
  const auto one = [](std::span<const tokenized_example>) { return std::vector<double>{1}; };
  BOOST_CHECK_THROW((void)read_rollouts(sampled(3), writer, reader, critic, one, {}, end, 40),
                    shape_error);
  BOOST_CHECK_NO_THROW((void)read_rollouts(sampled(1), writer, reader, critic, one, {}, end, 40));
  struct forgetful : path_reader {
    std::vector<double> token_log_probs(const prefix_tree_batch&) const { return {-1}; }
    std::vector<double> values(const prefix_tree_batch&, std::span<const std::int32_t>) const {
      return {1};
    }
  };
  BOOST_CHECK_THROW(
      (void)read_rollouts(sampled(3), forgetful{}, reader, critic, counted, {}, end, 40),
      shape_error);
  BOOST_CHECK_THROW(
      (void)read_rollouts(sampled(3), writer, forgetful{}, critic, counted, {}, end, 40),
      shape_error);
  BOOST_CHECK_THROW(
      (void)read_rollouts(sampled(3), writer, reader, forgetful{}, counted, {}, end, 40),
      shape_error);
}

BOOST_AUTO_TEST_CASE(whatever_is_not_one_response_to_a_prompt_is_refused) {
  for (const tokenized_example& bad :
       {tokenized_example{{}, {{1}}}, {{1}, {}}, {{1}, {{}}}, {{1}, {{2}, {3}}}}) {
    BOOST_CHECK_THROW(
        (void)read_rollouts({{{1}, {{2}}}, bad}, writer, reader, critic, counted, {}, end, 40),
        value_error);
  }
}

}  // namespace
