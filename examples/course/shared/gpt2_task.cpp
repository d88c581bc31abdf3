// SPDX-License-Identifier: MIT

#include "course/shared/gpt2_task.hpp"

#include <utility>

namespace course {

using prefopt::tokenized_example;
using prefopt::tokenized_pair;

namespace {

constexpr std::size_t fine_tuning_responses = 2000;

}  // namespace

gpt2_task::gpt2_task(std::uint64_t seed, std::uint64_t world_seed)
    : world_(world_seed),
      backend_({.threads = 1}),  // so small a model has no work to share
      reference_(prefopt::gpt2(backend_, {.n_layer = 2,
                                          .n_head = 2,
                                          .n_embd = 32,
                                          .vocab_size = world::vocabulary,
                                          .n_positions = 16})) {
  prefopt::initialize(reference_, seed);
  random_generator random(seed, 1);
  const auto asked = prompts(fine_tuning_responses, seed);
  const auto written = prefopt::sample_responses(world_.reference(), asked, 1, generation, random);
  prefopt::trainer trainer{reference_,
                           prefopt::no_reference{},
                           prefopt::sft{},
                           {.learning_rate = 3e-3,
                            .schedule = prefopt::schedule::cosine,
                            .warmup_steps = 10,
                            .batch_size = 50,
                            .epochs = 5,
                            .seed = seed}};
  trainer.train(written);
}

std::vector<token_ids> gpt2_task::prompts(std::size_t count, std::uint64_t seed) const {
  random_generator random(seed, 2);
  std::vector<token_ids> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back({world::prompt(random)});
  return all;
}

std::vector<tokenized_pair> gpt2_task::pairs(std::size_t count, std::uint64_t seed) const {
  random_generator random(seed, 3);
  const auto by_people = [&](const tokenized_example& example) {
    const double difference =
        world_.reward(example.responses[0]) - world_.reward(example.responses[1]);
    return world::bradley_terry(difference, random) ? 0 : 1;
  };
  std::vector<tokenized_pair> all;
  for (std::uint64_t round = 0; all.size() < count; ++round) {
    auto made = prefopt::judged_pairs(reference_, prompts(count - all.size(), seed + (round << 32)),
                                      by_people, generation, random);
    all.insert(all.end(), made.pairs.begin(), made.pairs.end());
  }
  return all;
}

reward_model_type gpt2_task::train_reward_model(const std::vector<tokenized_pair>& pairs) const {
  reward_model_type reward(prefopt::scalar_lm<backend_type>{reference_});
  prefopt::trainer trainer{
      reward,
      prefopt::no_reference{},
      prefopt::bradley_terry{},
      {.learning_rate = 3e-3, .warmup_steps = 5, .batch_size = 50, .epochs = 5}};
  trainer.train(pairs);
  return reward;
}

std::vector<double> gpt2_task::operator()(std::span<const tokenized_example> examples) const {
  std::vector<double> rewards;
  for (const tokenized_example& example : examples)
    for (const token_ids& response : example.responses) rewards.push_back(world_.reward(response));
  return rewards;
}

gpt2_task::standing gpt2_task::measure(const gpt2_type& policy, std::size_t samples) const {
  random_generator random(1, 4);
  const auto examples =
      prefopt::sample_responses(policy, prompts(samples, 1), 1, generation, random);
  std::vector<std::size_t> members(samples);
  for (std::size_t i = 0; i < samples; ++i) members[i] = i;
  const auto batch = prefopt::pack(examples, members);
  const auto after = policy.token_log_probs(batch), before = reference_.token_log_probs(batch);
  standing now;
  const double share = 1 / static_cast<double>(samples);
  for (std::size_t m = 0; m < after.size(); ++m) now.divergence += (after[m] - before[m]) * share;
  for (const double reward : (*this)(examples)) now.reward += reward * share;
  for (const auto& example : examples)
    now.length += static_cast<double>(example.responses[0].size()) * share;
  return now;
}

}  // namespace course
