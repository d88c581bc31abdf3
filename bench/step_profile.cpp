// SPDX-License-Identifier: MIT
// Where the time of a DPO step of GPT-2 124M goes on the CPU: the share of each of the backend's
// operations, and its minimum time: its multiplications at the peak of all threads, or its bytes at
// their memory bandwidth, both measured here first. Usage: step_profile [THREADS]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "prefopt/eigen.hpp"
#include "prefopt/eigen/detail/parallel.hpp"
#include "prefopt/eigen/detail/product_kernel.hpp"
#include "prefopt/prefopt.hpp"
#include "timed_backend.hpp"

namespace {

using timed_backend = bench::timed_backend<prefopt::eigen_backend<float>>;
using bench::now;
using prefopt::detail::parallel_ranges;

/// The fastest of a few runs of `work`, in seconds.
template <class Work>
double fastest(const Work& work) {
  double best = 1e30;
  for (int run = 0; run < 5; ++run) {
    const double start = now();
    work();
    best = std::min(best, now() - start);
  }
  return best;
}

/// FLOP/s of multiply-adds on registers.
double measured_peak(int threads) {
  using kernel = prefopt::detail::native_kernel<float>;
  constexpr std::size_t depth = 256, repetitions = 20000;
  // both in the nearest cache
  std::vector<float> left(kernel::rows * depth, 1), right(kernel::columns * depth, 1);
  const double seconds = fastest([&] {
    parallel_ranges(threads, static_cast<std::size_t>(threads), 1,
                    [&](std::size_t, std::size_t, std::size_t) {
                      alignas(64) float out[kernel::rows * kernel::columns] = {};
                      for (std::size_t i = 0; i < repetitions; ++i) {
                        kernel::tile(kernel::rows, depth, left.data(), right.data(), out,
                                     kernel::columns, true);
                        // otherwise the compiler would drop unused results
                        asm volatile("" ::"r"(out) : "memory");
                      }
                    });
  });
  return 2.0 * threads * kernel::rows * kernel::columns * depth * repetitions / seconds;
}

/// Bytes per second of a pass that reads one array and writes another.
double measured_bandwidth(int threads) {
  std::vector<float> from(std::size_t{1} << 26, 1), to(from.size());
  const double seconds = fastest([&] {
    parallel_ranges(threads, from.size(), 4096,
                    [&](std::size_t begin, std::size_t end, std::size_t) {
                      for (std::size_t i = begin; i < end; ++i) to[i] = 2 * from[i];
                    });
  });
  return 8.0 * static_cast<double>(from.size()) / seconds;
}

prefopt::token_ids tokens(prefopt::random_generator& random, int count) {
  prefopt::token_ids ids(static_cast<std::size_t>(count));
  for (auto& id : ids) id = static_cast<prefopt::token_id>(random.below(50257));
  return ids;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  const double peak = measured_peak(threads), bandwidth = measured_bandwidth(threads);
  std::printf("%d threads: %.0f GFLOP/s, %.1f GB/s\n", threads, peak / 1e9, bandwidth / 1e9);

  timed_backend backend({.threads = threads});
  prefopt::causal_lm policy(backend, prefopt::gpt2_config{});
  prefopt::initialize(policy, 1);
  prefopt::adamw optimizer(backend, policy.parameters());
  prefopt::random_generator random(2);
  std::vector<prefopt::tokenized_pair> pairs(4);  // about as large as four pairs of human dialogues
  for (auto& pair : pairs)
    pair = {.prompt = tokens(random, 115),
            .chosen = tokens(random, 50),
            .rejected = tokens(random, 48)};
  std::vector<std::size_t> members(pairs.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  const auto reference = prefopt::reference_log_probs(policy, pairs);

  constexpr int steps = 5;
  double total = 0;
  for (int step = -1; step < steps; ++step) {  // the first allocates the memory
    if (step == 0) bench::entries.clear();
    const double start = now();
    prefopt::accumulate_gradient(policy, reference, prefopt::dpo{.beta = 0.1}, pairs, members);
    const double norm = prefopt::gradient_norm(backend, policy.parameters());
    optimizer.step(policy.parameters(), 1e-6, prefopt::clip_scale(norm, 1));
    if (step >= 0) total += now() - start;
  }

  const auto floor = [&](const bench::entry& e) { return e.flops / peak + e.bytes / bandwidth; };
  bench::print_table(steps, total, floor);
}
