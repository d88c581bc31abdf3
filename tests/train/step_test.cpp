// SPDX-License-Identifier: MIT
#include "prefopt/train/step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/policy/reference.hpp"
#include "prefopt/train/evaluate.hpp"
#include "train/step_outcome.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

static_assert(reference_for<reference_cache, dpo> && reference_for<bigram, ipo> &&
              reference_for<no_reference, sft>);
static_assert(!reference_for<no_reference, dpo>, "a loss that reads a reference needs one");
static_assert(!reference_for<reference_cache, sft>, "a loss that reads no reference takes none");

namespace {

/// A separate bigram, or no reference if the loss reads none.
template <class Loss>
auto reference_of() {
  if constexpr (Loss::inputs.reference)
    return toy_policy(77);
  else
    return no_reference{};
}

template <class Loss>
outcome outcome_of(const Loss& loss, const std::vector<tokenized_pair>& pairs,
                   const std::vector<std::size_t>& members, std::size_t tokens_per_microbatch = 0) {
  bigram policy = toy_policy();
  auto found = accumulate_gradient(policy, reference_of<Loss>(), loss, pairs, members,
                                   {.tokens_per_microbatch = tokens_per_microbatch});
  return {found, gradient(policy)};
}

using losses = boost::mpl::list<dpo, ipo, hinge, sft>;

BOOST_AUTO_TEST_CASE_TEMPLATE(micro_batches_of_any_size_equal_one_big_batch, Loss, losses) {
  const auto pairs = toy_pairs(17);
  const auto members = first_members(pairs.size());
  const auto whole = outcome_of(Loss{}, pairs, members);
  for (const std::size_t budget : {1U, 13U, 40U, 150U})
    check_same_but_for_rounding(outcome_of(Loss{}, pairs, members, budget), whole);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_order_of_a_steps_pairs_changes_rounding_only, Loss, losses) {
  const auto pairs = toy_pairs(17);
  auto members = first_members(pairs.size());
  const auto forward = outcome_of(Loss{}, pairs, members, 40);
  std::ranges::reverse(members);
  check_same_but_for_rounding(outcome_of(Loss{}, pairs, members, 40), forward);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_gradient_is_that_of_the_mean_loss, Loss, losses) {
  const auto pairs = toy_pairs(9);
  const Loss loss{};
  const auto reference = reference_of<Loss>();
  const auto found = outcome_of(loss, pairs, first_members(pairs.size()));
  bigram policy = toy_policy();
  const auto table = policy.parameters().at(0).value;
  const auto loss_at = [&](double& logit, double moved) {
    const double kept = std::exchange(logit, logit + moved);
    const double at = evaluate(policy, reference, loss, pairs).loss;
    logit = kept;
    return at;
  };
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double slope = (loss_at(table[i], 1e-5) - loss_at(table[i], -1e-5)) / 2e-5;
    BOOST_TEST(std::abs(slope - found.gradient[i]) < 1e-7, slope << " and " << found.gradient[i]);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_step_reads_its_own_pairs_only, Loss, losses) {
  const auto pairs = toy_pairs(9);
  const std::vector<tokenized_pair> some{pairs[7], pairs[2]};
  check_same_but_for_rounding(outcome_of(Loss{}, pairs, {7, 2}), outcome_of(Loss{}, some, {0, 1}));
}

BOOST_AUTO_TEST_CASE(gradients_left_from_before_do_not_count) {
  const auto pairs = toy_pairs(5);
  const auto members = first_members(5);
  bigram policy = toy_policy();
  for (int round = 0; round < 2; ++round) {
    accumulate_gradient(policy, reference_of<dpo>(), dpo{}, pairs, members);
    BOOST_TEST(gradient(policy) == outcome_of(dpo{}, pairs, members, 4096).gradient,
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_policy_that_is_its_own_reference_has_no_reward_and_a_loss_of_exactly_log_2) {
  bigram policy = toy_policy();
  for (std::size_t count = 1; count <= 40; ++count) {
    const auto pairs = toy_pairs(count);
    const auto found = accumulate_gradient(policy, policy, dpo{}, pairs, first_members(count),
                                           {.tokens_per_microbatch = 30});
    BOOST_TEST(found.loss == std::numbers::ln2);
    for (const char* name :
         {"rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins"}) {
      BOOST_TEST(find_metric(found.metrics, name).value() == 0.0);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_sequence_that_the_loss_reads_is_counted_whole) {
  const std::vector<tokenized_pair> pairs{{{0, 1, 2}, {3, 4}, {5}}, {{0}, {1}, {2, 3}}};
  BOOST_TEST(outcome_of(dpo{}, pairs, {0, 1}).found.tokens ==
             (3 + 2) + (3 + 1) + (1 + 1) + (1 + 2));
  BOOST_TEST(outcome_of(sft{}, pairs, {0, 1}).found.tokens == (3 + 2) + (1 + 1));
}

BOOST_AUTO_TEST_CASE(metrics_are_of_summed_log_probs_where_the_loss_reads_means) {
  const auto pairs = toy_pairs(9);
  const auto summed = outcome_of(dpo{.beta = 0.3}, pairs, first_members(9)).found;
  const auto averaged = outcome_of(ipo{.beta = 0.3}, pairs, first_members(9)).found;
  BOOST_TEST((summed.metrics == averaged.metrics));
  BOOST_TEST(summed.metrics.size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_loss_that_reads_chosen_responses_says_nothing_of_others) {
  const auto found = outcome_of(sft{}, toy_pairs(4), first_members(4)).found;
  BOOST_REQUIRE(found.metrics.size() == 1u);
  BOOST_TEST(found.metrics[0].name == "logps/chosen");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_refused_with_the_pairs_named) {
  const std::vector<tokenized_pair> pairs{
      {{0}, {0}, {1}}, {{0}, {2, 1}, {1}}, {{0}, {1}, {0}}, {{0}, {1}, {2, 2}}};
  bigram policy(3);
  const bigram reference(3);
  // only after token 2
  policy.parameters().at(0).value[2 * 3] = std::numeric_limits<double>::quiet_NaN();
  const auto names_them = [](const not_finite& cause) {
    BOOST_TEST(std::string(cause.what()).find("examples 1, 3") != std::string::npos, cause.what());
    return cause.examples() == std::vector<std::size_t>{1, 3};
  };
  const std::vector<std::size_t> members{0, 1, 2, 3}, fine{2, 0};
  BOOST_CHECK_EXCEPTION(accumulate_gradient(policy, reference, dpo{}, pairs, members), not_finite,
                        names_them);
  BOOST_CHECK_EXCEPTION(accumulate_gradient(policy, reference, hinge{}, pairs, members), not_finite,
                        names_them);
  BOOST_CHECK_NO_THROW(accumulate_gradient(policy, reference, dpo{}, pairs, fine));
  bigram sound(3);
  BOOST_CHECK_EXCEPTION(accumulate_gradient(sound, policy, dpo{}, pairs, members), not_finite,
                        names_them);
  BOOST_CHECK_EXCEPTION((void)evaluate(policy, reference, dpo{}, pairs), not_finite, names_them);
}

BOOST_AUTO_TEST_CASE(an_infinite_log_prob_is_refused_where_the_loss_would_not_show_it) {
  const std::vector<tokenized_pair> pairs{{{0}, {0}, {1}}, {{0}, {0}, {2}}};
  bigram policy(3);
  const bigram reference(3);
  // token 2 after token 0
  policy.parameters().at(0).value[2] = -std::numeric_limits<double>::infinity();
  const std::vector<std::size_t> members{0, 1};
  const auto names_it = [](const not_finite& cause) {
    return cause.examples() == std::vector<std::size_t>{1};
  };
  BOOST_CHECK_EXCEPTION(accumulate_gradient(policy, reference, hinge{}, pairs, members), not_finite,
                        names_it);
}

/// Returns one number too few.
struct forgetful_reference {
  std::vector<double> token_log_probs(const prefix_tree_batch& batch) const {
    return std::vector<double>(batch.targets.size() - 1);
  }
};

BOOST_AUTO_TEST_CASE(a_reference_that_does_not_answer_for_every_target_is_refused) {
  bigram policy = toy_policy();
  const auto pairs = toy_pairs(3);
  BOOST_CHECK_THROW(
      accumulate_gradient(policy, forgetful_reference{}, dpo{}, pairs, first_members(3)),
      shape_error);
}

BOOST_AUTO_TEST_CASE(a_step_of_no_pairs_is_refused) {
  bigram policy = toy_policy();
  BOOST_CHECK_THROW(
      accumulate_gradient(policy, policy, dpo{}, toy_pairs(3), std::vector<std::size_t>{}),
      value_error);
}

}  // namespace
