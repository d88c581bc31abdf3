// SPDX-License-Identifier: MIT
// How the cost of a step of GPT-2 124M in float32 grows: with the number of pairs (prompts of 150
// tokens, responses of 60 and 40), and with the number K of responses (of 50 tokens) to one prompt
// of 300. The work is linear in the stored tokens and in the head's rows, so the time minus a
// constant should be linear too.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "prefopt/eigen.hpp"
#include "prefopt/prefopt.hpp"

namespace {

prefopt::token_ids tokens(prefopt::random_generator& random, int count) {
  prefopt::token_ids ids(static_cast<std::size_t>(count));
  for (auto& id : ids) id = static_cast<prefopt::token_id>(random.below(50257));
  return ids;
}

int threads() {
#ifdef _OPENMP
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
#else
  return 1;
#endif
}

/// The model of all runs, with moments: created once.
struct world {
  prefopt::eigen_backend<float> backend{{.threads = threads()}};
  prefopt::causal_lm<prefopt::eigen_backend<float>> policy{backend, prefopt::gpt2_config{}};
  prefopt::adamw<prefopt::eigen_backend<float>> optimizer{backend, policy.parameters()};

  world() { prefopt::initialize(policy, 1); }
  void finish_step() {
    const double norm = prefopt::gradient_norm(backend, policy.parameters());
    optimizer.step(policy.parameters(), 1e-6, prefopt::clip_scale(norm, 1));
  }
};
world& the_world() {
  static world only;
  return only;
}

void pairs(benchmark::State& state) {
  prefopt::random_generator random(2);
  std::vector<prefopt::tokenized_pair> all(static_cast<std::size_t>(state.range(0)));
  for (auto& pair : all)
    pair = {.prompt = tokens(random, 150),
            .chosen = tokens(random, 60),
            .rejected = tokens(random, 40)};
  std::vector<std::size_t> members(all.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  world& w = the_world();
  const auto reference = prefopt::reference_log_probs(w.policy, all);
  const auto step = [&] {
    prefopt::accumulate_gradient(w.policy, reference, prefopt::dpo{.beta = 0.1}, all, members);
    w.finish_step();
  };
  step();  // allocates the memory
  for (auto _ : state) step();
  state.counters["tokens"] = static_cast<double>(250 * all.size());
}

void responses(benchmark::State& state) {
  prefopt::random_generator random(3);
  const prefopt::token_ids prompt = tokens(random, 300);
  std::vector<prefopt::token_ids> answers;
  for (std::int64_t k = 0; k < state.range(0); ++k) answers.push_back(tokens(random, 50));
  std::vector<prefopt::packable_sequence> sequences;
  for (const auto& answer : answers)
    sequences.push_back({.response_index = static_cast<std::int32_t>(sequences.size()),
                         .prompt = prompt,
                         .response = answer});
  const prefopt::prefix_tree_batch batch = prefopt::pack(sequences);
  const std::vector<double> slopes(batch.targets.size(), 0.01);
  world& w = the_world();
  const auto step = [&] {
    w.policy.forward(batch).backward(slopes);
    w.finish_step();
  };
  step();  // allocates the memory
  for (auto _ : state) step();
  state.counters["tokens"] = static_cast<double>(batch.tokens.size());
}

BENCHMARK(pairs)
    ->ArgName("pairs")
    ->RangeMultiplier(2)
    ->Range(1, 64)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK(responses)
    ->ArgName("K")
    ->RangeMultiplier(2)
    ->Range(2, 16)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
