// SPDX-License-Identifier: MIT
// Where the time of a DPO step of GPT-2 124M goes on a GPU, in bfloat16: the whole step, cut at
// 4,096 tokens, at 16,384 and not at all, by the host's clock; then the same steps one operation at
// a time, with the host waiting after each. Their sum is larger, by the cost of waiting and by the
// host's work that otherwise overlaps with the GPU's. Usage: cuda_step PAIRS.jsonl, a file of pairs
// of token ids. Without a GPU it prints a message and exits with 77.

#include <cstddef>
#include <cstdio>
#include <exception>
#include <numeric>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <prefopt/cuda.hpp>
#include <prefopt/datasets.hpp>
#include <prefopt/eigen.hpp>
#include <prefopt/prefopt.hpp>
#include "timed_backend.hpp"

namespace {

using backend_type = bench::timed_backend<prefopt::cuda_backend<prefopt::bfloat16>>;

void run(const char* file) {
  backend_type backend;
  std::printf("%s\n", backend.instruction_set().c_str());
  std::vector<prefopt::tokenized_pair> pairs;
  for (const auto& record : prefopt::read_preferences(file))
    pairs.push_back(std::get<prefopt::tokenized_pair>(record.example));
  std::vector<std::size_t> members(pairs.size());
  std::iota(members.begin(), members.end(), std::size_t{0});

  auto flag = backend.allocate<float>(1);
  const auto wait = [&] {
    float ignored = 0;
    backend.copy_to_host(flag.span(), {&ignored, 1});
  };
  prefopt::causal_lm policy(backend, prefopt::gpt2_config{});
  prefopt::initialize(policy, 1);
  prefopt::adamw optimizer(backend, policy.parameters());
  const auto reference = prefopt::reference_log_probs(policy, pairs);
  const auto step = [&](std::size_t tokens) {
    prefopt::accumulate_gradient(policy, reference, prefopt::dpo{.beta = 0.1}, pairs, members,
                                 {.tokens_per_microbatch = tokens});
    const double norm = prefopt::gradient_norm(backend, policy.parameters());
    optimizer.step(policy.parameters(), 1e-6, prefopt::clip_scale(norm, 1));
    wait();
  };
  constexpr int steps = 5;
  // The first steps load the memory, the algorithms for each shape and cuBLASLt's kernels.
  const auto seconds_of = [&](std::size_t tokens) {
    for (int i = 0; i < 2; ++i) step(tokens);
    bench::entries.clear();
    const double start = bench::now();
    for (int i = 0; i < steps; ++i) step(tokens);
    return bench::now() - start;
  };
  for (const std::size_t tokens : {std::size_t{4096}, std::size_t{16384}, std::size_t{0}}) {
    const std::string cut = tokens == 0 ? "all tokens" : std::to_string(tokens) + " tokens";
    const double whole = seconds_of(tokens);
    std::printf("%zu pairs, %s a pass: %.1f ms a step\n", pairs.size(), cut.c_str(),
                1e3 * whole / steps);
    // The policy and the optimizer each have a copy of the backend: one switch makes all of them
    // wait.
    bench::wait_behind_each = wait;
    const double apart = seconds_of(tokens);
    bench::wait_behind_each = {};
    // of an H200
    const auto floor = [](const bench::entry& e) { return e.flops / 790e12 + e.bytes / 4.3e12; };
    bench::print_table(steps, apart, floor);
  }
  for (const auto& slow : backend.product_fallbacks())
    std::printf("not cuBLASLt's alone: %s, %zu times\n", slow.product.c_str(), slow.calls);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: cuda_step PAIRS.jsonl\n");
    return 2;
  }
  try {
    run(arguments[1]);
  } catch (const prefopt::no_device_error& error) {
    std::printf("skipped: no CUDA device (%s)\n", error.what());
    return 77;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
