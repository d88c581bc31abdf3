// SPDX-License-Identifier: MIT
// A whole DPO step (forward, backward, clipping, AdamW) of GPT-2 124M with random weights in
// float32 and a cached reference, over the fixed batches of PREFOPT_DATA_DIR/bench_pairs.jsonl,
// batch by batch. Without that file there are no runs.

#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "prefopt/datasets.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/prefopt.hpp"

namespace {

using batches = std::vector<std::vector<prefopt::tokenized_pair>>;

/// The batches of each set, in the file's order.
std::map<std::string, batches> read_sets(const std::string& file) {
  std::map<std::string, batches> sets;
  prefopt::json_file lines(file);
  for (; const nlohmann::json* line = lines.peek(); lines.take()) {
    const prefopt::json_object object(*line, lines.location());
    batches& set = sets[object.text("set")];
    const auto batch = static_cast<std::size_t>(object.integer("batch", 0, 1000));
    if (set.size() <= batch) set.resize(batch + 1);
    set[batch].push_back(
        std::get<prefopt::tokenized_pair>(prefopt::parse_preference(object).example));
  }
  return sets;
}

/// Counts whole sequences, as TRL does.
std::int64_t tokens_of(const std::vector<prefopt::tokenized_pair>& pairs) {
  std::size_t tokens = 0;
  for (const auto& pair : pairs)
    tokens += 2 * pair.prompt.size() + pair.chosen.size() + pair.rejected.size();
  return static_cast<std::int64_t>(tokens);
}

void dpo_step_124m(benchmark::State& state, const batches& set) {
  prefopt::eigen_backend<float> backend({.threads = static_cast<int>(state.range(0))});
  prefopt::causal_lm policy{backend, prefopt::gpt2_config{}};
  prefopt::initialize(policy, 42);
  std::vector<prefopt::reference_cache> references;
  for (const auto& pairs : set) references.push_back(prefopt::reference_log_probs(policy, pairs));
  prefopt::adamw optimizer(backend, policy.parameters());
  const prefopt::dpo loss{.beta = 0.1};

  std::size_t next = 0;
  std::int64_t pairs_done = 0, tokens_done = 0;
  const auto step = [&] {
    const auto& pairs = set[next];
    std::vector<std::size_t> members(pairs.size());
    for (std::size_t i = 0; i < members.size(); ++i) members[i] = i;
    prefopt::accumulate_gradient(policy, references[next], loss, pairs, members);
    const double norm = prefopt::gradient_norm(backend, policy.parameters());
    optimizer.step(policy.parameters(), 1e-6, prefopt::clip_scale(norm, 1));
    pairs_done += static_cast<std::int64_t>(pairs.size());
    tokens_done += tokens_of(pairs);
    next = (next + 1) % set.size();
  };
  step();  // touches all memory
  pairs_done = tokens_done = 0;
  for (auto _ : state) step();
  state.counters["pairs/s"] =
      benchmark::Counter(static_cast<double>(pairs_done), benchmark::Counter::kIsRate);
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(tokens_done), benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const char* folder = std::getenv("PREFOPT_DATA_DIR");
  std::map<std::string, batches> sets;
  if (folder != nullptr) sets = read_sets(std::string(folder) + "/bench_pairs.jsonl");
  if (sets.empty()) std::puts("dpo_step: skipped, PREFOPT_DATA_DIR is not set");
  for (const char* name : {"4x5", "8x5"})
    for (int threads = 1; threads <= static_cast<int>(std::thread::hardware_concurrency());
         threads *= 2)
      if (sets.contains(name))
        benchmark::RegisterBenchmark((std::string("dpo_step_124m/") + name).c_str(), dpo_step_124m,
                                     sets[name])
            ->Arg(threads)
            ->ArgName("threads")
            ->Iterations(static_cast<int>(sets[name].size()))
            ->Unit(benchmark::kSecond)
            ->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
}
