// SPDX-License-Identifier: MIT
//
// The cost of a DPO step and of a PPO step, part by part, on one GPT-2 and the same number of
// responses: seconds, and the process's peak memory. One method per process, so that each has its
// own peak.
//
//   rlhf_cost dpo|ppo [LAYERS CHANNELS]     12 768 is the 124M model; heads of 64 channels
//
// 16 responses of 64 tokens to prompts of 64: 8 pairs for DPO, one response to each of 16 prompts
// for PPO. Weights and tokens are random, which does not change the cost.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>

namespace {

using namespace prefopt;
using backend_type = eigen_backend<float>;

constexpr std::size_t responses = 16, tokens = 64;

template <class Work>
auto timed(const char* what, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  auto made = work();
  std::printf("%-36s %8.2f s\n", what,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  std::fflush(stdout);
  return made;
}

token_ids random_tokens(random_generator& random, std::size_t vocabulary) {
  token_ids ids(tokens);
  for (token_id& id : ids) id = static_cast<token_id>(random.below(vocabulary));
  return ids;
}

void print_peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      std::printf("%-36s %8.2f GiB\n", "peak memory", std::atof(line.c_str() + 6) / 1048576);
}

void dpo_step(causal_lm<backend_type>& policy, random_generator& random) {
  std::vector<tokenized_pair> pairs;
  for (std::size_t i = 0; i < responses / 2; ++i) {
    const std::size_t v = policy.shape().vocabulary;
    pairs.push_back({random_tokens(random, v), random_tokens(random, v), random_tokens(random, v)});
  }
  const auto reference =
      timed("reference, once a run", [&] { return reference_log_probs(policy, pairs); });
  trainer run{policy, reference, dpo{}, {.batch_size = responses / 2, .max_steps = 3}};
  timed("a first step, which finds its memory", [&] { return run.step(pairs); });
  timed("a step", [&] { return run.step(pairs); });
}

void ppo_step(causal_lm<backend_type>& policy, random_generator& random) {
  const auto reference = policy.clone();
  reward_model reward{scalar_lm{policy}};
  scalar_lm critic{policy};
  std::vector<token_ids> prompts;
  for (std::size_t i = 0; i < responses; ++i)
    prompts.push_back(random_tokens(random, policy.shape().vocabulary));
  adamw policy_optimizer(policy.backend(), policy.parameters(), adamw_options{});
  adamw critic_optimizer(critic.backend(), critic.parameters(), adamw_options{});
  std::vector<std::size_t> all(responses);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const ppo options;
  for (const char* round : {"the first time, finding its memory", "again"}) {
    std::printf("%s\n", round);
    auto examples = timed("writing the responses", [&] {
      return sample_responses(policy, prompts, 1, {.max_new_tokens = tokens}, random);
    });
    const auto made = timed("four models read them", [&] {
      return read_rollouts(std::move(examples), policy, reference, critic, reward, options, -1,
                           4096);
    });
    timed("one of four updates: gradients",
          [&] { return accumulate_ppo_gradient(policy, critic, options, made, all); });
    timed("one of four updates: optimizers", [&] {
      policy_optimizer.step(policy.parameters(), 1e-6);
      critic_optimizer.step(critic.parameters(), 1e-6);
      return 0;
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view method = argc > 1 ? argv[1] : "";
  if ((method != "dpo" && method != "ppo") || (argc != 2 && argc != 4)) {
    std::fputs("usage: rlhf_cost dpo|ppo [LAYERS CHANNELS]\n", stderr);
    return 2;
  }
  const auto layers = static_cast<std::size_t>(argc == 4 ? std::atol(argv[2]) : 12);
  const auto channels = static_cast<std::size_t>(argc == 4 ? std::atol(argv[3]) : 768);
  const backend_type backend({.threads = 2});
  auto policy = gpt2(backend, {.n_layer = layers, .n_head = channels / 64, .n_embd = channels});
  initialize(policy, 1);
  random_generator random(2);
  std::printf("%s: %zu layers, %zu channels, %zu responses of %zu tokens\n", argv[1], layers,
              channels, responses, tokens);
  if (method == "dpo")
    dpo_step(policy, random);
  else
    ppo_step(policy, random);
  print_peak_memory();
  return 0;
}
