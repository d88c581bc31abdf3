// SPDX-License-Identifier: MIT
#include "prefopt/train/ppo_trainer.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/value_table.hpp"
#include "train/recorder.hpp"
#include "train/token_world.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

const token_world world(7);

// 11 prompts by 4: steps of 4, 4 and 3 responses.
const trainer_options nine_steps = short_run;
const ppo two_epochs{.num_ppo_epochs = 2, .num_mini_batches = 2};

/// A policy and critic, and the reports of their run.
struct subject {
  bigram policy = world.reference;
  value_table critic{token_world::vocabulary};
  recorder heard = {};

  auto trainer(const ppo& loss = two_epochs, const trainer_options& options = nine_steps,
               const generation_options& generation = token_world::generation()) {
    return ppo_trainer{policy, critic, world.reference, world, loss, generation, options};
  }
  subject& run(const ppo& loss = two_epochs, const trainer_options& options = nine_steps) {
    trainer(loss, options).train(token_world::prompts(11), heard);
    return *this;
  }
  [[nodiscard]] std::vector<double> weights() {
    std::vector<double> all = tests::weights(policy);
    const auto table = critic.parameters().at(0).value;
    all.insert(all.end(), table.begin(), table.end());
    return all;
  }
};

double metric_of(const step_report& report, const char* name) {
  return find_metric(report.metrics, name).value();
}

BOOST_AUTO_TEST_CASE(the_first_update_is_made_by_the_policy_that_wrote) {
  const step_report first = subject{}.run({.num_ppo_epochs = 1}).heard.reports.at(0);
  const char* const nothing_yet[] = {"objective/kl", "objective/non_score_reward",
                                     "policy/approxkl_avg", "policy/clipfrac_avg",
                                     "val/clipfrac_avg"};
  for (const char* name : nothing_yet) BOOST_TEST(std::abs(metric_of(first, name)) < 1e-14, name);
  BOOST_TEST(std::abs(metric_of(first, "val/ratio") - 1) < 1e-14);
  BOOST_TEST(metric_of(first, "objective/rlhf_reward") == metric_of(first, "objective/scores"));
  BOOST_TEST(metric_of(first, "objective/entropy") > 1);
  // advantages are whitened: their mean is 0
  BOOST_TEST(std::abs(metric_of(first, "loss/policy_avg")) < 1e-14);
}

BOOST_AUTO_TEST_CASE(metrics_tell_what_the_policy_pays_and_earns) {
  const ppo loss{.kl_coef = 0.3, .critic_rate_factor = 2};
  const auto reports = subject{}.run(loss).heard.reports;
  for (const step_report& report : reports) {
    const double price = metric_of(report, "objective/non_score_reward");
    BOOST_TEST(std::abs(price + 0.3 * metric_of(report, "objective/kl")) < 1e-13);
    BOOST_TEST(std::abs(metric_of(report, "objective/rlhf_reward") - price -
                        metric_of(report, "objective/scores")) < 1e-13);
    BOOST_TEST(std::abs(report.loss - metric_of(report, "loss/policy_avg") -
                        0.1 * metric_of(report, "loss/value_avg")) < 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_bits_and_another_other_responses) {
  subject one, same, other;
  trainer_options options = nine_steps;
  BOOST_TEST(one.run().weights() == same.run().weights(), boost::test_tools::per_element());
  check_equal_reports(one.heard.reports, same.heard.reports);
  options.seed = 43;
  BOOST_TEST(other.run(two_epochs, options).weights() != one.weights());
}

BOOST_AUTO_TEST_CASE(micro_batches_change_a_run_of_ppo_by_rounding_only) {
  subject cut, whole;
  trainer_options options = nine_steps;
  options.tokens_per_microbatch = 1;
  cut.run(two_epochs, options);
  options.tokens_per_microbatch = 100000;
  whole.run(two_epochs, options);
  for (std::size_t i = 0; i < cut.weights().size(); ++i)
    BOOST_TEST(std::abs(cut.weights()[i] - whole.weights()[i]) < 1e-9);
}

BOOST_AUTO_TEST_CASE(a_callback_can_stop_a_run_and_it_goes_on_as_if_it_had_not) {
  subject straight, halting;
  straight.run();
  auto trainer = halting.trainer();
  for (std::int64_t stop = 1; stop <= 9; ++stop) {
    halting.heard.stop_after = stop;
    BOOST_TEST(trainer.train(token_world::prompts(11), halting.heard) == stop);
    BOOST_TEST(trainer.steps_done() == stop);
  }
  BOOST_TEST(halting.weights() == straight.weights(), boost::test_tools::per_element());
  check_equal_reports(halting.heard.reports, straight.heard.reports);
  BOOST_TEST(trainer.num_tokens() == straight.heard.reports.back().num_tokens);
  BOOST_TEST(trainer.train(token_world::prompts(11), halting.heard) == 9);
  BOOST_TEST(halting.heard.reports.size() == 9U);
}

BOOST_AUTO_TEST_CASE(reports_count_steps_and_follow_the_schedule) {
  const auto reports =
      subject{}
          .run(two_epochs, {.learning_rate = 0.5, .warmup_steps = 1, .batch_size = 4, .epochs = 2})
          .heard.reports;
  const double factors[] = {0, 1, 0.8, 0.6, 0.4, 0.2};
  BOOST_REQUIRE(reports.size() == 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    BOOST_TEST(reports[i].step == static_cast<std::int64_t>(i) + 1);
    BOOST_TEST(reports[i].total_steps == 6);
    BOOST_TEST(reports[i].last == (i == 5));
    BOOST_TEST(std::abs(reports[i].epoch - static_cast<double>(i + 1) / 3) < 1e-15);
    BOOST_TEST(std::abs(reports[i].learning_rate - 0.5 * factors[i]) < 1e-15);
    BOOST_TEST(reports[i].num_tokens > (i == 0 ? 0 : reports[i - 1].num_tokens));
  }
}

BOOST_AUTO_TEST_CASE(a_rate_of_0_moves_nothing_and_every_step_samples_anew) {
  subject still;
  const auto before = still.weights();
  const auto reports =
      still.run(two_epochs, {.learning_rate = 0, .batch_size = 11, .epochs = 2, .shuffle = false})
          .heard.reports;
  BOOST_TEST(still.weights() == before, boost::test_tools::per_element());
  BOOST_REQUIRE(reports.size() == 2U);
  BOOST_TEST(metric_of(reports[0], "objective/entropy") !=
             metric_of(reports[1], "objective/entropy"));
}

/// Counts what it is asked to learn from.
struct counting_policy : bigram {
  using bigram::bigram;
  std::size_t passes = 0, tokens = 0;

  auto forward(const prefix_tree_batch& batch) {
    ++passes;
    tokens += batch.targets.size();
    return bigram::forward(batch);
  }
};

BOOST_AUTO_TEST_CASE(every_epoch_reads_each_response_once_in_as_many_updates_as_mini_batches) {
  counting_policy policy(token_world::vocabulary);
  value_table critic(token_world::vocabulary);
  ppo_trainer run{policy,
                  critic,
                  world.reference,
                  world,
                  ppo{.num_ppo_epochs = 5, .num_mini_batches = 3},
                  token_world::generation(),
                  trainer_options{.batch_size = 11}};
  run.train(token_world::prompts(11));
  BOOST_TEST(policy.passes == 5U * 3U);
  BOOST_TEST(policy.tokens == 5 * static_cast<std::size_t>(run.num_tokens()));
}

BOOST_AUTO_TEST_CASE(scores_are_means_over_a_steps_responses) {
  std::vector<double> means;
  const auto reward = [&](std::span<const tokenized_example> examples) {
    const std::vector<double> scores = world(examples);
    means.push_back(std::accumulate(scores.begin(), scores.end(), 0.0) /
                    static_cast<double>(scores.size()));
    return scores;
  };
  subject one;
  ppo_trainer{one.policy, one.critic, world.reference,
              reward,     two_epochs, token_world::generation(),
              nine_steps}
      .train(token_world::prompts(11), one.heard);
  BOOST_REQUIRE(means.size() == one.heard.reports.size());
  for (std::size_t i = 0; i < means.size(); ++i)
    BOOST_TEST(std::abs(metric_of(one.heard.reports[i], "objective/scores") - means[i]) < 1e-14);
}

// AdamW's first step is the rate times the sign of the gradient.
BOOST_AUTO_TEST_CASE(the_critic_learns_at_its_own_rate) {
  subject one;
  const trainer_options once{
      .learning_rate = 0.01, .schedule = schedule::constant, .batch_size = 11};
  one.run({.num_ppo_epochs = 1, .critic_rate_factor = 5}, once);
  const auto values = one.critic.parameters().at(0).value;
  for (std::size_t t = 1; t < values.size(); ++t)
    BOOST_TEST(std::abs(std::abs(values[t]) - 0.05) < 1e-6);
  BOOST_TEST(values[0] == 0.0);  // nothing follows the end
}

BOOST_AUTO_TEST_CASE(one_norm_clips_both_gradients) {
  const auto moved = [](double max_grad_norm) {
    subject one;
    one.run({.num_ppo_epochs = 1}, {.learning_rate = 0.01,
                                    .adam_epsilon = 1,
                                    .max_grad_norm = max_grad_norm,
                                    .batch_size = 11});
    return std::abs(one.critic.parameters().at(0).value[1]);
  };
  BOOST_TEST(moved(1e-3) < 0.1 * moved(0));
  BOOST_TEST(moved(1e-3) > 0);
}

}  // namespace
