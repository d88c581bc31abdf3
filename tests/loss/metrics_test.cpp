// SPDX-License-Identifier: MIT
#include "prefopt/loss/metrics.hpp"

#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/bradley_terry.hpp"
#include "prefopt/loss/cpo.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/orpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/simpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"

using namespace prefopt;

namespace {

std::vector<std::string> names(const preference_metrics& metrics) {
  std::vector<std::string> all;
  metrics.for_each([&](std::string_view name, double) { all.emplace_back(name); });
  return all;
}

std::map<std::string, double> values(const preference_metrics& metrics) {
  std::map<std::string, double> all;
  metrics.for_each([&](std::string_view name, double mean) { all[std::string(name)] = mean; });
  return all;
}

/// Reads only the reference and the chosen response.
struct chosen_only {
  static constexpr token_reduction reduction = token_reduction::sum;
  static constexpr loss_inputs inputs{.rejected = false, .reference = true};
  pair_loss operator()(const pair_log_probs& pair) const {
    return {pair.reference_chosen - pair.policy_chosen, -1, 0};
  }
  [[maybe_unused]] friend void check(const chosen_only&) {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(metrics_are_means_over_pairs_of_beta_times_log_ratios) {
  preference_metrics metrics(dpo{.beta = 0.5});
  metrics.add({-10, -20, -14, -18, 5, 6});  // rewards 2 and -1
  metrics.add({-30, -10, -28, -14, 5, 6});  // rewards -1 and 2
  metrics.add({-8, -9, -12, -11, 5, 6});    // rewards 2 and 1
  const auto all = values(metrics);
  BOOST_TEST(all.at("rewards/chosen") == 1.0);
  BOOST_TEST(all.at("rewards/rejected") == 2.0 / 3);
  BOOST_TEST(all.at("rewards/accuracies") == 2.0 / 3);
  BOOST_TEST(all.at("rewards/margins") == 1.0 / 3);
  BOOST_TEST(all.at("logps/chosen") == -16.0);
  BOOST_TEST(all.at("logps/rejected") == -13.0);
  BOOST_TEST(metrics.examples() == 3);
}

BOOST_AUTO_TEST_CASE(names_come_in_one_order) {
  preference_metrics metrics(ipo{});
  metrics.add(pair_log_probs{});
  const std::vector<std::string> expected = {"rewards/chosen",     "rewards/rejected",
                                             "rewards/accuracies", "rewards/margins",
                                             "logps/chosen",       "logps/rejected"};
  BOOST_TEST(names(metrics) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_tie_wins_nothing) {
  preference_metrics metrics(dpo{});
  metrics.add({-10, -20, -10, -20, 5, 6});
  BOOST_TEST(values(metrics).at("rewards/accuracies") == 0.0);
}

BOOST_AUTO_TEST_CASE(what_a_loss_does_not_read_has_no_metric) {
  preference_metrics supervised(sft{});
  supervised.add({.policy_chosen = -10, .chosen_tokens = 5});
  BOOST_TEST(names(supervised) == std::vector<std::string>{"logps/chosen"},
             boost::test_tools::per_element());
  preference_metrics one_sided(chosen_only{});
  one_sided.add({.policy_chosen = -10, .reference_chosen = -12});
  BOOST_TEST(values(one_sided).at("rewards/chosen") == 2.0);  // no beta: the log-ratio itself
  BOOST_TEST(values(one_sided).size() == 2u);
}

BOOST_AUTO_TEST_CASE(where_a_loss_reads_rewards_they_are_the_rewards_and_there_are_no_log_probs) {
  preference_metrics metrics(bradley_terry{});
  const std::vector<response_log_probs> second_is_better{{.policy = -1, .score = 0.5},
                                                         {.policy = 3, .score = 2}};
  metrics.add({.policy_chosen = 2,
               .policy_rejected = 0.5,
               .reference_chosen = -7,
               .reference_rejected = -9});
  metrics.add({.policy_chosen = -1, .policy_rejected = 1});
  metrics.add(second_is_better);
  const std::vector<std::string> expected = {"rewards/chosen", "rewards/rejected",
                                             "rewards/accuracies", "rewards/margins"};
  BOOST_TEST(names(metrics) == expected, boost::test_tools::per_element());
  const auto all = values(metrics);
  BOOST_TEST(all.at("rewards/chosen") == 4.0 / 3);
  BOOST_TEST(all.at("rewards/rejected") == 0.5 / 3);
  BOOST_TEST(all.at("rewards/accuracies") == 2.0 / 3);
  BOOST_TEST(all.at("rewards/margins") == 3.5 / 3);
}

BOOST_AUTO_TEST_CASE(rewards_and_log_probs_do_not_combine) {
  preference_metrics of_rewards(bradley_terry{}), of_log_probs(simpo{.beta = 1});
  BOOST_CHECK_THROW(of_rewards.combine(of_log_probs), value_error);
  BOOST_CHECK_THROW(of_log_probs.combine(of_rewards), value_error);
  preference_metrics others(bradley_terry{.margin_scale = 1});
  others.add(pair_log_probs{2, 1});
  of_rewards.combine(others);
  BOOST_TEST(values(of_rewards).at("rewards/margins") == 1.0);
}

BOOST_AUTO_TEST_CASE(without_a_reference_rewards_are_beta_times_the_log_probs_that_the_loss_reads) {
  const std::vector<std::string> expected = {"rewards/chosen",     "rewards/rejected",
                                             "rewards/accuracies", "rewards/margins",
                                             "logps/chosen",       "logps/rejected"};
  const auto values_of = [&](const auto& loss) {
    preference_metrics metrics(loss);
    // the chosen one is less likely, but likelier per token: -2 and -5
    metrics.add({-12, -10, -3, -4, 6, 2});
    metrics.add({-8, -6, -3, -4, 1, 1});
    BOOST_TEST(names(metrics) == expected, boost::test_tools::per_element());
    return values(metrics);
  };
  const auto of_sums = values_of(cpo{.beta = 0.5});
  BOOST_TEST(of_sums.at("rewards/chosen") == -5.0);
  BOOST_TEST(of_sums.at("rewards/rejected") == -4.0);
  BOOST_TEST(of_sums.at("rewards/accuracies") == 0.0);
  BOOST_TEST(of_sums.at("rewards/margins") == -1.0);
  BOOST_TEST(of_sums.at("logps/chosen") == -10.0);
  for (const auto& of_means :
       {values_of(simpo{.beta = 2}), values_of(orpo{.beta = 2}), values_of(any_loss{simpo{}}),
        values_of(weighted_sum{weighted{sft{}, 1}, weighted{orpo{.beta = 2}, 1}})}) {
    BOOST_TEST(of_means.at("rewards/chosen") == -10.0);
    BOOST_TEST(of_means.at("rewards/rejected") == -11.0);
    BOOST_TEST(of_means.at("rewards/accuracies") == 0.5);
    BOOST_TEST(of_means.at("rewards/margins") == 1.0);
    BOOST_TEST(of_means.at("logps/chosen") == -10.0);  // still summed
  }
  BOOST_CHECK_THROW(
      preference_metrics(simpo{.beta = 1}).combine(preference_metrics(cpo{.beta = 1})),
      value_error);
}

BOOST_AUTO_TEST_CASE(combining_two_halves_gives_the_whole) {
  preference_metrics left(dpo{}), right(dpo{}), whole(dpo{});
  const pair_log_probs a{-10, -20, -14, -18, 5, 6}, b{-30, -10, -28, -14, 5, 6},
      c{-8, -9, -12, -11, 5, 6};
  left.add(a);
  right.add(b);
  right.add(c);
  for (const auto& pair : {a, b, c}) whole.add(pair);
  left.combine(right);
  BOOST_TEST(left.examples() == 3);
  for (const auto& [name, value] : values(whole))
    BOOST_TEST(values(left).at(name) == value, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(metrics_of_another_beta_or_loss_do_not_combine) {
  preference_metrics metrics(dpo{.beta = 0.1});
  BOOST_CHECK_THROW(metrics.combine(preference_metrics(dpo{.beta = 0.2})), value_error);
  BOOST_CHECK_THROW(metrics.combine(preference_metrics(sft{})), value_error);
}

BOOST_AUTO_TEST_CASE(no_pairs_have_no_metrics) {
  BOOST_TEST(names(preference_metrics(dpo{})).empty());
}
