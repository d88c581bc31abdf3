// SPDX-License-Identifier: MIT
// A reward model on pairs, PPO against a reward, and DPO on pairs chosen by a judge.

#include <cstdio>
#include <optional>
#include <span>
#include <vector>

#include <prefopt/prefopt.hpp>

namespace {

using namespace prefopt;

/// The number of tokens equal to 2 in each response.
std::vector<double> count_of_twos(std::span<const tokenized_example> examples) {
  std::vector<double> rewards;
  for (const auto& example : examples)
    for (const token_ids& response : example.responses) {
      rewards.push_back(0);
      for (const token_id token : response) rewards.back() += token == 2 ? 1 : 0;
    }
  return rewards;
}

double reward_of(const bigram& policy, const std::vector<token_ids>& prompts,
                 const generation_options& generation) {
  random_generator random(9);
  double sum = 0;
  for (const double reward :
       count_of_twos(sample_responses(policy, prompts, 50, generation, random)))
    sum += reward;
  return sum / (50 * static_cast<double>(prompts.size()));
}

}  // namespace

int main() {
  const std::vector<token_ids> prompts{{1}, {2}, {3}};
  const generation_options generation{.max_new_tokens = 6, .end_of_text = 0};
  const std::vector<tokenized_pair> pairs{{.prompt = {1}, .chosen = {3, 2}, .rejected = {2, 3}},
                                          {.prompt = {2}, .chosen = {2}, .rejected = {1}}};
  const bigram start(4);
  const double before = reward_of(start, prompts, generation);

  // [reward model]
  reward_model reward{value_table{4}};  // or: reward_model{scalar_lm{policy}}
  trainer fit{reward,
              no_reference{},
              bradley_terry{.center_rewards_coefficient = 0.01},
              {.learning_rate = 0.1, .batch_size = 2, .epochs = 50}};
  fit.train(pairs);
  const std::vector<double> rewards = reward.rewards(pairs);  // chosen, rejected, chosen, rejected
  // [/reward model]

  bigram by_ppo = start;
  {
    bigram& policy = by_ppo;
    // [ppo]
    value_table critic{4};  // or: scalar_lm critic{policy}
    ppo_trainer run{policy,
                    critic,
                    start,
                    count_of_twos,
                    ppo{.kl_coef = 0.1},
                    generation,
                    {.learning_rate = 0.05, .batch_size = 30, .max_steps = 50}};
    run.train(prompts);
    // [/ppo]
  }

  bigram by_dpo = start;
  {
    bigram& policy = by_dpo;
    // [online]
    trainer run{policy, start, dpo{.beta = 0.1}, {.learning_rate = 0.05, .max_steps = 50}};
    random_generator random(1);
    const auto judge = [](const tokenized_example& example) -> std::optional<std::size_t> {
      const auto scores = count_of_twos(std::span(&example, 1));
      if (scores[0] == scores[1]) return std::nullopt;  // undecided: no pair
      return scores[0] > scores[1] ? 0 : 1;
    };
    for (int step = 0; step < 50; ++step) {
      const judged_samples judged = judged_pairs(policy, prompts, judge, generation, random);
      if (!judged.pairs.empty()) run.step(judged.pairs);
    }
    // [/online]
  }

  const double ppo_after = reward_of(by_ppo, prompts, generation),
               dpo_after = reward_of(by_dpo, prompts, generation);
  std::printf(
      "rewards %.2f %.2f; twos in a response: %.2f before, %.2f by PPO, %.2f by online DPO\n",
      rewards[0], rewards[1], before, ppo_after, dpo_after);
  return rewards[0] > rewards[1] && rewards[2] > rewards[3] && ppo_after > 2 * before &&
                 dpo_after > 2 * before
             ? 0
             : 1;
}
