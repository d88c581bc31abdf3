// SPDX-License-Identifier: MIT
// What ppo_trainer rejects, on entry and during training.

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/value_table.hpp"
#include "prefopt/train/ppo_trainer.hpp"
#include "train/token_world.hpp"
#include "train/toy_run.hpp"

using namespace prefopt;
using namespace prefopt::tests;

namespace {

const token_world world(7);
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Makes a trainer, and runs it if there are prompts.
void attempt(const ppo& loss, const generation_options& generation = token_world::generation(),
             const trainer_options& options = {}, std::size_t prompts = 0) {
  bigram policy = world.reference;
  value_table critic(token_world::vocabulary);
  ppo_trainer run{policy, critic, world.reference, world, loss, generation, options};
  if (prompts > 0) run.train(token_world::prompts(prompts));
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused_on_entry) {
  BOOST_CHECK_NO_THROW(attempt({}));
  BOOST_CHECK_THROW(attempt({.cliprange = 0}), value_error);
  BOOST_CHECK_THROW(attempt({.advantage = {.lam = 2}}), value_error);
  BOOST_CHECK_THROW(attempt({}, {.max_new_tokens = 0}), value_error);
  BOOST_CHECK_THROW(attempt({}, token_world::generation(), {.batch_size = 0}), value_error);
  BOOST_CHECK_THROW(attempt({}, token_world::generation(), {.learning_rate = nan}), value_error);
}

BOOST_AUTO_TEST_CASE(a_prompt_without_tokens_is_named_before_the_first_step) {
  bigram policy = world.reference;
  value_table critic(token_world::vocabulary);
  const trainer_options options{.batch_size = 1, .shuffle = false};
  ppo_trainer run{policy, critic, world.reference, world, ppo{}, token_world::generation(),
                  options};
  std::vector<token_ids> prompts = token_world::prompts(4);
  prompts[3].clear();
  BOOST_CHECK_EXCEPTION(run.train(prompts), value_error, [](const value_error& e) {
    return std::string_view(e.what()).find("prompt 3 ") != std::string_view::npos;
  });
  BOOST_TEST(run.steps_done() == 0);
}

BOOST_AUTO_TEST_CASE(rollouts_whose_numbers_do_not_fit_are_refused) {
  bigram policy = world.reference;
  value_table critic(token_world::vocabulary);
  const std::vector<tokenized_example> examples{{{1}, {{2, 3}}}};
  const rollouts sound =
      read_rollouts(examples, policy, world.reference, critic, world, ppo{}, -1, 4096);
  BOOST_CHECK_NO_THROW(check(sound));
  const std::vector<std::size_t> members{0};
  for (const auto numbers : {&rollouts::log_probs, &rollouts::reference, &rollouts::values,
                             &rollouts::advantages, &rollouts::returns}) {
    rollouts broken = sound;
    (broken.*numbers).pop_back();
    BOOST_CHECK_THROW(accumulate_ppo_gradient(policy, critic, ppo{}, broken, members), shape_error);
  }
  rollouts shifted = sound;
  shifted.begins[1] = 1;
  BOOST_CHECK_THROW(accumulate_ppo_gradient(policy, critic, ppo{}, shifted, members), shape_error);
  BOOST_CHECK_THROW(accumulate_ppo_gradient(policy, critic, ppo{.cliprange = -0.2}, sound, members),
                    value_error);
}

/// A callback that would save, or evaluate, if it were asked.
struct saves {
  void on_step(const step_report&) {}
  std::optional<std::string> save(const auto&, const step_report&) { return "here"; }
};
struct evaluates {
  void on_step(const step_report&) {}
  std::optional<evaluation_report> evaluate(const auto&, const step_report&) {
    return std::nullopt;
  }
};
struct listens {
  void on_step(const step_report&) {}
};
using trainer_type = ppo_trainer<bigram, value_table, bigram, token_world>;
template <class Callback>
concept taken = requires(trainer_type& run, std::span<const token_ids> prompts, Callback callback) {
  run.train(prompts, callback);
};
static_assert(taken<listens> && !taken<saves> && !taken<evaluates>);

BOOST_AUTO_TEST_CASE(samples_that_are_not_the_policys_own_are_refused) {
  for (const sampling_options& other :
       {sampling_options{.temperature = 0.7}, sampling_options{.temperature = 0},
        sampling_options{.top_k = 3}, sampling_options{.top_p = 0.9}})
    BOOST_CHECK_THROW(attempt({}, {.sampling = other}), value_error);
}

BOOST_AUTO_TEST_CASE(more_mini_batches_than_responses_are_refused) {
  BOOST_CHECK_THROW(attempt({.num_mini_batches = 9}, token_world::generation(), {.batch_size = 8}),
                    value_error);
  BOOST_CHECK_NO_THROW(
      attempt({.num_mini_batches = 8}, token_world::generation(), {.batch_size = 8}));
}

BOOST_AUTO_TEST_CASE(a_short_last_step_leaves_mini_batches_out) {
  BOOST_CHECK_NO_THROW(
      attempt({.num_mini_batches = 4}, token_world::generation(), {.batch_size = 4}, 5));
}

BOOST_AUTO_TEST_CASE(a_penalty_needs_an_end_to_miss) {
  BOOST_CHECK_THROW(attempt({.missing_eos_penalty = 1}, {.max_new_tokens = 4}), value_error);
  BOOST_CHECK_NO_THROW(attempt({.missing_eos_penalty = 1}));
}

BOOST_AUTO_TEST_CASE(no_prompts_are_refused) {
  bigram policy = world.reference;
  value_table critic(token_world::vocabulary);
  ppo_trainer run{
      policy, critic, world.reference, world, ppo{}, token_world::generation(), trainer_options{}};
  BOOST_CHECK_THROW(run.train(std::vector<token_ids>{}), value_error);
  BOOST_CHECK_THROW(run.train(std::vector<token_ids>{{}}), value_error);
}

/// No number for responses to the prompt of token 3.
std::vector<double> broken_reward(std::span<const tokenized_example> examples) {
  std::vector<double> scores;
  for (const auto& example : examples) scores.push_back(example.prompt.at(0) == 3 ? nan : 1);
  return scores;
}

BOOST_AUTO_TEST_CASE(a_reward_that_is_no_number_stops_the_run_before_anything_moves) {
  bigram policy = world.reference;
  value_table critic(token_world::vocabulary);
  const auto reward = broken_reward;
  ppo_trainer run{policy,
                  critic,
                  world.reference,
                  reward,
                  ppo{},
                  token_world::generation(),
                  trainer_options{.learning_rate = 0.1, .batch_size = 2, .shuffle = false}};
  std::vector<double> before;
  const auto keep = [&](const step_report&) { before = weights(policy); };
  struct keeper {
    decltype(keep)& then;
    void on_step(const step_report& report) { then(report); }
  };
  const std::vector<token_ids> prompts{{1}, {2}, {4}, {3}};  // the second of the second step
  const auto names_it = [](const not_finite& cause) {
    BOOST_TEST(std::string_view(cause.what()).starts_with("ppo: step 2: the response to prompt 3 "),
               cause.what());
    return cause.examples() == std::vector<std::size_t>{3};
  };
  BOOST_CHECK_EXCEPTION(run.train(prompts, keeper{keep}), not_finite, names_it);
  BOOST_TEST(run.steps_done() == 1);
  BOOST_TEST(weights(policy) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(numbers_of_reference_and_critic_that_are_not_finite_stop_the_run) {
  for (const bool of_reference : {true, false}) {
    bigram policy = world.reference, reference = world.reference;
    value_table critic(token_world::vocabulary);
    (of_reference ? reference.parameters() : critic.parameters()).at(0).value[1] = nan;
    // after token 1
    if (of_reference) reference.parameters().at(0).value[token_world::vocabulary] = nan;
    ppo_trainer run{policy,           critic, reference, world, ppo{}, token_world::generation(),
                    trainer_options{}};
    BOOST_CHECK_THROW(run.train(token_world::prompts(4)), not_finite);
    BOOST_TEST(run.steps_done() == 0);
  }
}

BOOST_AUTO_TEST_CASE(weights_that_an_update_spoiled_stop_the_run) {
  const auto says_so = [](const not_finite& cause) {
    return std::string_view(cause.what()).starts_with("ppo: step 1: weights are not finite");
  };
  BOOST_CHECK_EXCEPTION(
      attempt({.num_ppo_epochs = 1}, token_world::generation(), {.learning_rate = 1e300}, 4),
      not_finite, says_so);
}

// A reference or reward that would dangle before the first step does not compile.
using run = ppo_trainer<bigram, value_table, bigram, token_world>;
template <class Reference, class Reward>
constexpr bool takes =
    std::is_constructible_v<run, bigram&, value_table&, Reference, Reward, const ppo&,
                            const generation_options&, const trainer_options&>;
static_assert(takes<const bigram&, const token_world&>);
static_assert(!takes<bigram, const token_world&>);
static_assert(!takes<const bigram&, token_world>);
static_assert(!takes<bigram, token_world>);

}  // namespace
