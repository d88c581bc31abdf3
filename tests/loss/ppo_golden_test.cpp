// SPDX-License-Identifier: MIT
// PPO from token ids to gradients against TRL's own code, run and differentiated by PyTorch in
// float64; tests/golden/losses/make_ppo_golden.py made the numbers.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/ppo_trainer.hpp"
#include "support/npy.hpp"
#include "support/tolerance.hpp"

namespace {

using namespace prefopt;

constexpr double tolerance = 1e-10;
constexpr std::size_t vocabulary = 6;

std::vector<double> golden(const std::string& name) {
  return prefopt_test::load_npy(PREFOPT_TEST_SOURCE_DIR "/golden/losses/ppo_" + name + ".npy");
}

void check_close(double came, double expected, const std::string& what) {
  BOOST_TEST(prefopt_test::is_close(came, expected, tolerance, 1),
             concat(what, ": ", came, ", expected ", expected));
}

/// The k-th table of a file of several.
template <class Model>
Model with_table(Model model, const std::string& name, std::size_t k) {
  const std::vector<double> numbers = golden(name);
  const auto table = model.parameters().at(0).value;
  BOOST_TEST_REQUIRE(numbers.size() >= (k + 1) * table.size());
  std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(k * table.size()), table.size(),
              table.begin());
  return model;
}
bigram with_logits(std::size_t k) { return with_table(bigram(vocabulary), "logits", k); }
value_table with_values(std::size_t k) { return with_table(value_table(vocabulary), "values", k); }

/// Each row: two lengths and a score, then prompt and response in one.
std::vector<tokenized_example> golden_responses() {
  constexpr std::size_t count = 9;
  const std::vector<double> rows = golden("responses");
  const std::size_t width = rows.size() / count;
  BOOST_TEST_REQUIRE(width * count == rows.size());
  std::vector<tokenized_example> examples;
  for (std::size_t e = 0; e < count; ++e) {
    auto next = rows.begin() + static_cast<std::ptrdiff_t>(e * width);
    const auto token = [&] { return static_cast<token_id>(*next++); };
    token_ids prompt(static_cast<std::size_t>(*next++)),
        response(static_cast<std::size_t>(*next++));
    const double score = *next++;
    for (token_ids* const ids : {&prompt, &response}) std::ranges::generate(*ids, token);
    examples.push_back({prompt, {response}, {score}});
  }
  return examples;
}

std::vector<double> given_scores(std::span<const tokenized_example> examples) {
  std::vector<double> scores;
  for (const tokenized_example& example : examples) scores.push_back(example.scores.at(0));
  return scores;
}

void agrees(const std::string& name, const ppo& options) {
  const std::vector<double> expected = golden("world_" + name),
                            worth = golden("advantages_" + name);
  for (const std::size_t tokens : {1000U, 12U}) {
    bigram policy = with_logits(0);
    value_table critic = with_values(0);
    const rollouts made = read_rollouts(golden_responses(), with_logits(1), with_logits(2),
                                        with_values(1), given_scores, options, 0, tokens);
    const std::size_t count = made.begins.back();
    BOOST_TEST_REQUIRE(worth.size() == 2 * count);
    for (std::size_t m = 0; m < count; ++m) {
      check_close(made.advantages[m], worth[m], concat(name, " advantage ", m));
      check_close(made.returns[m], worth[count + m], concat(name, " return ", m));
    }
    std::vector<std::size_t> members(made.size());
    std::iota(members.begin(), members.end(), std::size_t{0});
    const ppo_sums sums = accumulate_ppo_gradient(policy, critic, options, made, members, tokens);
    const double numbers[] = {sums.loss(options),
                              sums.policy_loss / sums.tokens,
                              sums.value_loss / sums.tokens,
                              sums.policy_clipped / sums.tokens,
                              sums.value_clipped / sums.tokens,
                              sums.ratio / sums.tokens,
                              sums.squared_log_ratio / sums.tokens};
    const auto by_logits = policy.parameters().at(0).gradient,
               by_values = critic.parameters().at(0).gradient;
    BOOST_TEST_REQUIRE(expected.size() == std::size(numbers) + by_logits.size() + by_values.size());
    auto next = expected.begin();
    for (const double number : numbers) check_close(number, *next++, name + " of tokens");
    for (const double slope : by_logits) check_close(slope, *next++, name + " by logits");
    for (const double slope : by_values) check_close(slope, *next++, name + " by values");
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(terms_of_ppo_agree_with_trl) {
  const std::vector<double> terms = golden("terms");
  BOOST_TEST_REQUIRE(terms.size() >= 10 * 64);
  std::size_t acting = 0, judging = 0;
  for (std::size_t i = 0; 10 * i < terms.size(); ++i) {
    const double* const row = &terms[10 * i];
    const ppo_term policy = ppo_policy_term(row[0], row[1], row[2], 0.2);
    const ppo_term critic = ppo_value_term(row[3], row[4], row[5], 0.5);
    const double came[] = {policy.loss, policy.slope, critic.loss, critic.slope};
    for (std::size_t j = 0; j < 4; ++j)
      check_close(came[j], row[6 + j], concat("token ", i, " number ", j));
    acting += policy.clipped;
    judging += critic.clipped;
  }
  BOOST_TEST(acting > 5U);
  BOOST_TEST(judging > 5U);
}

BOOST_AUTO_TEST_CASE(ppo_agrees_with_trl_from_token_ids_to_gradients) { agrees("k1", ppo{}); }

BOOST_AUTO_TEST_CASE(ppo_with_k3_whitened_rewards_and_a_penalty_agrees_with_trl) {
  agrees("k3_whitened", {.kl_coef = 0.3,
                         .kl_estimator = kl_estimator::k3,
                         .cliprange = 0.3,
                         .vf_coef = 0.5,
                         .cliprange_value = 0.4,
                         .advantage = {.gamma = 0.9, .lam = 0.6},
                         .whiten_rewards = true,
                         .missing_eos_penalty = 0.7});
}
