// SPDX-License-Identifier: MIT
// PPO of a GPT-2 with a GPT-2 as its critic, in float64.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/eigen.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/incremental_decoder.hpp"
#include "prefopt/nn/scalar_lm.hpp"
#include "prefopt/train/ppo_trainer.hpp"
#include "support/tolerance.hpp"

using namespace prefopt;

namespace {

using backend_type = eigen_backend<double>;
const backend_type backend;
const gpt2_config config{
    .n_layer = 1, .n_head = 2, .n_embd = 6, .vocab_size = 5, .n_positions = 32};
const ppo options{.cliprange = 0.3, .vf_coef = 0.4, .cliprange_value = 0.5};
constexpr token_id end = 0;

/// Weights of unit size, so that every path through the model matters.
template <class Model>
Model filled(Model model, std::uint64_t seed) {
  random_generator random(seed);
  for (auto& parameter : model.parameters()) {
    const double center =
        parameter.name.find("ln_") != std::string::npos && parameter.name.ends_with("weight");
    for (double& value : parameter.value) value = center + 0.3 * random.normal();
  }
  return model;
}

template <class Model>
void nudge(Model& model, double size) {
  random_generator random(8);
  for (auto& parameter : model.parameters())
    for (double& value : parameter.value) value += size * random.normal();
}

template <class Model>
std::vector<double> gradient_of(Model& model) {
  std::vector<double> all;
  for (const auto& parameter : model.parameters())
    all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
  return all;
}

std::vector<double> reward(std::span<const tokenized_example> examples) {
  std::vector<double> scores;
  for (const auto& example : examples) scores.push_back(example.responses[0].back() - 1.5);
  return scores;
}

/// Responses to two long prompts, which share trees; then policy and critic move until some terms
/// are clipped.
struct world {
  causal_lm<backend_type> policy = filled(causal_lm<backend_type>(backend, config), 1);
  causal_lm<backend_type> reference = filled(causal_lm<backend_type>(backend, config), 2);
  scalar_lm<backend_type> critic = filled(scalar_lm<backend_type>(backend, config), 3);
  rollouts made;
  std::vector<std::size_t> members;

  explicit world(std::size_t tokens = 1000) {
    random_generator random(4);
    std::vector<token_ids> prompts(2);
    for (token_ids& prompt : prompts)
      for (std::size_t i = 0; i < 18; ++i)
        prompt.push_back(static_cast<token_id>(random.below(config.vocab_size)));
    const std::vector<token_ids> asked{prompts[0], prompts[1], prompts[0],
                                       prompts[1], prompts[0], {3}};
    made = read_rollouts(
        sample_responses(policy, asked, 1, {.max_new_tokens = 5, .end_of_text = end}, random),
        policy, reference, critic, reward, options, end, tokens);
    members.resize(made.size());
    std::iota(members.begin(), members.end(), std::size_t{0});
  }
  world& move() {
    nudge(policy, 0.2);
    nudge(critic, 0.5);
    return *this;
  }
  ppo_sums accumulate(std::size_t tokens = 1000) {
    return accumulate_ppo_gradient(policy, critic, options, made, members, tokens);
  }
};

void check_same(const std::vector<double>& came, const std::vector<double>& expected) {
  BOOST_TEST_REQUIRE(came.size() == expected.size());
  for (std::size_t i = 0; i < came.size(); ++i)
    BOOST_TEST(prefopt_test::is_close(came[i], expected[i], 1e-11, 1),
               i << ": " << came[i] << " and " << expected[i]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_gradient_of_ppo_is_that_of_its_loss_for_two_gpt2) {
  world moved;
  const ppo_sums sums = moved.move().accumulate(30);
  const std::vector<double> by_policy = gradient_of(moved.policy),
                            by_critic = gradient_of(moved.critic);
  for (const double clipped : {sums.policy_clipped, sums.value_clipped})
    BOOST_TEST((clipped > 0 && clipped < sums.tokens), clipped << " of " << sums.tokens);
  const auto compare = [&](auto& model, const std::vector<double>& gradient) {
    std::size_t offset = 0;
    for (const auto& parameter : model.parameters()) {
      for (std::size_t i = 0; i < parameter.value.size(); ++i, ++offset) {
        if (offset % 3 != 0) continue;
        const auto at = [&](double by) {
          const double kept = std::exchange(parameter.value[i], parameter.value[i] + by);
          const double loss = moved.accumulate().loss(options);
          parameter.value[i] = kept;
          return loss;
        };
        constexpr double h = prefopt_test::difference_step;
        const double slope = (at(h) - at(-h)) / (2 * h);
        BOOST_TEST(
            prefopt_test::is_close(gradient[offset], slope, prefopt_test::difference_error, 1),
            parameter.name << ' ' << i << ": " << gradient[offset] << " and " << slope);
      }
    }
  };
  compare(moved.policy, by_policy);
  compare(moved.critic, by_critic);
}

BOOST_AUTO_TEST_CASE(micro_batches_change_rollouts_and_gradients_of_two_gpt2_by_rounding_only) {
  world whole;
  for (const std::size_t tokens : {1U, 30U, 45U}) {
    world cut(tokens);
    for (const auto numbers :
         {&rollouts::log_probs, &rollouts::reference, &rollouts::values, &rollouts::advantages})
      check_same(cut.made.*numbers, whole.made.*numbers);
  }
  const double loss = whole.move().accumulate().loss(options);
  const std::vector<double> by_policy = gradient_of(whole.policy),
                            by_critic = gradient_of(whole.critic);
  for (const std::size_t tokens : {1U, 30U, 45U}) {
    BOOST_TEST(std::abs(whole.accumulate(tokens).loss(options) - loss) < 1e-12);
    check_same(gradient_of(whole.policy), by_policy);
    check_same(gradient_of(whole.critic), by_critic);
  }
}

BOOST_AUTO_TEST_CASE(a_gpt2_learns_to_say_what_is_rewarded) {
  world one;
  const causal_lm<backend_type> reference = one.policy.clone();
  const std::vector<token_ids> prompts(8, token_ids{3, 1});
  std::vector<double> scores;
  struct listener {
    std::vector<double>& scores;
    void on_step(const step_report& report) {
      scores.push_back(find_metric(report.metrics, "objective/scores").value());
    }
  };
  scalar_lm<backend_type> critic(one.policy);
  const auto scorer = reward;
  ppo_trainer run{one.policy,
                  critic,
                  reference,
                  scorer,
                  ppo{},
                  generation_options{.max_new_tokens = 4, .end_of_text = end},
                  trainer_options{.learning_rate = 0.01, .batch_size = 8, .epochs = 40}};
  run.train(prompts, listener{scores});
  const double before = std::accumulate(scores.begin(), scores.begin() + 8, 0.0) / 8;
  const double after = std::accumulate(scores.end() - 8, scores.end(), 0.0) / 8;
  BOOST_TEST(after > before + 1, before << " to " << after);
}
