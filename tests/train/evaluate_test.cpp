// SPDX-License-Identifier: MIT
#include "prefopt/train/evaluate.hpp"

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/train/step.hpp"
#include "prefopt/train/step_report.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

BOOST_AUTO_TEST_CASE(evaluation_says_what_a_step_over_the_same_pairs_says) {
  const auto pairs = toy_pairs(9);
  bigram policy = toy_policy();
  const bigram reference = toy_policy(5);
  const auto evaluated = evaluate(policy, reference, dpo{}, pairs, {.tokens_per_microbatch = 30});
  const auto stepped = accumulate_gradient(policy, reference, dpo{}, pairs, first_members(9),
                                           {.tokens_per_microbatch = 30});
  BOOST_TEST(evaluated.loss == stepped.loss);
  BOOST_TEST((evaluated.metrics == stepped.metrics));
  BOOST_TEST(evaluated.examples == 9);
}

BOOST_AUTO_TEST_CASE(evaluation_leaves_gradients_alone) {
  bigram policy = toy_policy();
  policy.parameters().at(0).gradient[3] = 7;
  (void)evaluate(policy, no_reference{}, sft{}, toy_pairs(9));
  BOOST_TEST(gradient(policy)[3] == 7.0);
}

BOOST_AUTO_TEST_CASE(no_pairs_and_bad_losses_are_refused) {
  const bigram policy(3);
  BOOST_CHECK_THROW((void)evaluate(policy, policy, dpo{}, std::vector<tokenized_pair>{}),
                    value_error);
  BOOST_CHECK_THROW((void)evaluate(policy, policy, dpo{.beta = -1}, toy_pairs(1)), value_error);
}

template <class Report>
std::vector<std::string> names_in(const Report& report) {
  std::vector<std::string> names;
  for_each_value(report, [&](std::string_view name, auto) { names.emplace_back(name); });
  return names;
}

BOOST_AUTO_TEST_CASE(logs_hold_their_values_in_a_fixed_order) {
  const auto pairs = toy_pairs(3);
  const bigram policy = toy_policy();
  const auto evaluated = evaluate(policy, policy, dpo{}, pairs);
  step_report step;
  step.metrics = evaluated.metrics;
  BOOST_TEST(names_in(step) ==
                 (std::vector<std::string>{
                     "step", "epoch", "loss", "rewards/chosen", "rewards/rejected",
                     "rewards/accuracies", "rewards/margins", "logps/chosen", "logps/rejected",
                     "grad_norm", "learning_rate", "num_tokens", "pairs_per_second"}),
             boost::test_tools::per_element());
  BOOST_TEST(names_in(evaluated) ==
                 (std::vector<std::string>{
                     "step", "epoch", "eval_loss", "eval_rewards/chosen", "eval_rewards/rejected",
                     "eval_rewards/accuracies", "eval_rewards/margins", "eval_logps/chosen",
                     "eval_logps/rejected", "eval_pairs", "eval_pairs_per_second"}),
             boost::test_tools::per_element());
}

}  // namespace
