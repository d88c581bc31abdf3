// SPDX-License-Identifier: MIT
// Where a DPO step of GPT-2 124M goes on the CPU: the share of each of the machine's operations, and the least time
// that it could take: its multiplications at the peak of all threads, or its bytes at their memory's speed, both
// measured here first. Usage: step_profile [THREADS]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "prefopt/eigen.hpp"
#include "prefopt/prefopt.hpp"

namespace {

using base = prefopt::eigen_backend<float>;
using prefopt::detail::parallel_ranges;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

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

/// FLOP/s of multiply-adds that stay in registers.
double measured_peak(int threads) {
  using kernel = prefopt::detail::native_kernel<float>;
  constexpr std::size_t depth = 256, repetitions = 20000;
  std::vector<float> left(kernel::rows * depth, 1), right(kernel::columns * depth, 1);  // both in the nearest cache
  const double seconds = fastest([&] {
    parallel_ranges(threads, static_cast<std::size_t>(threads), 1, [&](std::size_t, std::size_t, std::size_t) {
      alignas(64) float out[kernel::rows * kernel::columns] = {};
      for (std::size_t i = 0; i < repetitions; ++i) {
        kernel::tile(kernel::rows, depth, left.data(), right.data(), out, kernel::columns, true);
        asm volatile("" ::"r"(out) : "memory");  // or the compiler would leave out what nobody reads
      }
    });
  });
  return 2.0 * threads * kernel::rows * kernel::columns * depth * repetitions / seconds;
}

/// Bytes a second of a pass that reads one array and writes another.
double measured_bandwidth(int threads) {
  std::vector<float> from(std::size_t{1} << 26, 1), to(from.size());
  const double seconds = fastest([&] {
    parallel_ranges(threads, from.size(), 4096, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t i = begin; i < end; ++i) to[i] = 2 * from[i];
    });
  });
  return 8.0 * static_cast<double>(from.size()) / seconds;
}

struct entry {
  long calls = 0;
  double seconds = 0, flops = 0, bytes = 0;
};
std::map<std::string, entry> entries;

template <class Call>
auto timed(const char* name, double flops, double bytes, const Call& call) {
  struct stop {
    entry& of;
    double start = now();
    ~stop() { of.seconds += now() - start; }
  };
  entry& own = entries[name];
  ++own.calls;
  own.flops += flops;
  own.bytes += bytes;
  const stop at_end{own};
  return call();
}

double elements(const auto& view) { return static_cast<double>(view.size()); }
double rows(const auto& view) { return static_cast<double>(view.extent(0)); }

/// Query-key pairs of a forest, each seen once a head.
double pairs_of(const prefopt::attention_rows& r) {
  std::vector<double> above(r.nodes.size());  // rows before a node on its path
  double pairs = 0;
  for (std::size_t i = 0; i < r.nodes.size(); ++i) {
    const auto& n = r.nodes[i];
    if (n.parent >= 0) {
      const auto p = static_cast<std::size_t>(n.parent);
      above[i] = above[p] + (r.nodes[p].end - r.nodes[p].begin);
    }
    for (std::int32_t row = n.begin; row < n.end; ++row)
      if (r.queries.empty() || std::ranges::binary_search(r.queries, row)) pairs += above[i] + (row - n.begin) + 1;
  }
  return pairs;
}

/// The CPU machine with a clock in front of each operation.
class timed_machine : public base {
 public:
  using base::base;

  double sum_of_squares(std::span<const const_numbers> tensors) const {
    double bytes = 0;
    for (const auto& t : tensors) bytes += 4 * elements(t);
    return timed("gradient norm", 0, bytes, [&] { return base::sum_of_squares(tensors); });
  }
  void adamw(std::span<const prefopt::adamw_tensor<float>> tensors, const prefopt::adamw_coefficients& c) const {
    double bytes = 0;
    for (const auto& t : tensors) bytes += 28 * elements(t.value);
    timed("adamw", 0, bytes, [&] { base::adamw(tensors, c); });
  }
  void fill(numbers values, float value) const {
    timed("zeroing gradients", 0, 4 * elements(values), [&] { base::fill(values, value); });
  }
  void embedding(indices t, indices p, const_matrix wte, const_matrix wpe, matrix out) const {
    timed("embedding", 0, 12 * elements(out), [&] { base::embedding(t, p, wte, wpe, out); });
  }
  void embedding_backward(indices t, indices p, const_matrix d, matrix d_wte, matrix d_wpe) const {
    timed("embedding backward", 0, 20 * elements(d), [&] { base::embedding_backward(t, p, d, d_wte, d_wpe); });
  }
  void layer_norm(const_matrix x, const_numbers scale, const_numbers shift, double epsilon, matrix y,
                  prefopt::layer_norm_statistics<float> s) const {
    timed("layer norm", 0, 8 * elements(x), [&] { base::layer_norm(x, scale, shift, epsilon, y, s); });
  }
  void layer_norm_backward(const_matrix d_y, const_matrix x, const_numbers scale,
                           prefopt::layer_norm_statistics<const float> s, matrix d_x, numbers d_scale,
                           numbers d_shift) const {
    timed("layer norm backward", 0, 16 * elements(x),
          [&] { base::layer_norm_backward(d_y, x, scale, s, d_x, d_scale, d_shift); });
  }
  void linear(const_matrix x, const_matrix w, const_numbers b, matrix y) const {
    timed("linear", 2 * rows(x) * elements(w), 0, [&] { base::linear(x, w, b, y); });
  }
  void linear_residual(const_matrix x, const_matrix w, const_numbers b, const_matrix residual, matrix y) const {
    timed("linear_residual", 2 * rows(x) * elements(w), 0, [&] { base::linear_residual(x, w, b, residual, y); });
  }
  void linear_backward(const_matrix d_y, const_matrix x, const_matrix w, matrix d_x, matrix d_w, numbers d_b) const {
    timed("linear_backward", 4 * rows(x) * elements(w), 0, [&] { base::linear_backward(d_y, x, w, d_x, d_w, d_b); });
  }
  void activate(prefopt::activation_function f, const_matrix x, matrix y) const {
    timed("activate again", 0, 8 * elements(x), [&] { base::activate(f, x, y); });
  }
  void linear_activate(const_matrix x, const_matrix w, const_numbers b, prefopt::activation_function f, matrix inner,
                       matrix y) const {
    timed("linear_activate", 2 * rows(x) * elements(w), 0, [&] { base::linear_activate(x, w, b, f, inner, y); });
  }
  void activated_linear_backward(const_matrix d_y, const_matrix x, const_matrix w, prefopt::activation_function f,
                                 const_matrix inner, matrix d_inner, matrix d_w, numbers d_b) const {
    timed("activated_linear_backward", 4 * rows(x) * elements(w), 0,
          [&] { base::activated_linear_backward(d_y, x, w, f, inner, d_inner, d_w, d_b); });
  }
  void tree_attention(const prefopt::attention_rows& r, const_heads q, const_heads k, const_heads v, double scale,
                      heads out, matrix log_sums) const {
    timed("tree_attention", 4 * pairs_of(r) * static_cast<double>(q.extent(1) * q.extent(2)), 0,
          [&] { base::tree_attention(r, q, k, v, scale, out, log_sums); });
  }
  void tree_attention_backward(const prefopt::attention_rows& r, const_heads q, const_heads k, const_heads v,
                               double scale, const_heads out, const_matrix log_sums, const_heads d_out, heads d_q,
                               heads d_k, heads d_v) const {
    timed("tree_attention_backward", 10 * pairs_of(r) * static_cast<double>(q.extent(1) * q.extent(2)), 0,
          [&] { base::tree_attention_backward(r, q, k, v, scale, out, log_sums, d_out, d_q, d_k, d_v); });
  }
  void head_log_probs(const_matrix hidden, const_matrix w, const prefopt::head_targets& targets, matrix logits,
                      numbers log_sums, std::span<double> log_probs) const {
    timed("head_log_probs", 2 * rows(hidden) * elements(w), 0,
          [&] { base::head_log_probs(hidden, w, targets, logits, log_sums, log_probs); });
  }
  void head_backward(matrix logits, const_numbers log_sums, const prefopt::head_targets& targets,
                     std::span<const double> slopes, const_matrix hidden, const_matrix w, matrix d_hidden,
                     matrix d_w) const {
    timed("head_backward", 4 * rows(hidden) * elements(w), 0,
          [&] { base::head_backward(logits, log_sums, targets, slopes, hidden, w, d_hidden, d_w); });
  }
};

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

  timed_machine machine({.threads = threads});
  prefopt::gpt2 policy(machine, prefopt::gpt2_config{});
  prefopt::initialize(policy, 1);
  prefopt::adamw optimizer(machine, policy.parameters());
  prefopt::random_generator random(2);
  std::vector<prefopt::tokenized_pair> pairs(4);  // about as large as four pairs of human dialogues
  for (auto& pair : pairs)
    pair = {.prompt = tokens(random, 115), .chosen = tokens(random, 50), .rejected = tokens(random, 48)};
  std::vector<std::size_t> members(pairs.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  const auto reference = prefopt::reference_log_probs(policy, pairs);

  constexpr int steps = 5;
  double total = 0;
  for (int step = -1; step < steps; ++step) {  // the first takes the memory
    if (step == 0) entries.clear();
    const double start = now();
    prefopt::accumulate_gradient(policy, reference, prefopt::dpo{.beta = 0.1}, pairs, members);
    const double norm = prefopt::gradient_norm(machine, policy.parameters());
    optimizer.step(policy.parameters(), 1e-6, prefopt::clip_scale(norm, 1));
    if (step >= 0) total += now() - start;
  }

  std::vector<std::pair<std::string, entry>> order(entries.begin(), entries.end());
  std::ranges::sort(order, std::greater<>(), [](const auto& one) { return one.second.seconds; });
  std::printf(
      "| operation | calls | ms a step | share | floor, ms | of the floor's speed |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: |\n");
  double floors = 0, known = 0;
  for (const auto& [name, e] : order) {
    const double floor = e.flops / peak + e.bytes / bandwidth;
    floors += floor;
    known += e.seconds;
    std::printf("| %s | %ld | %.1f | %.1f%% | %.1f | %.0f%% |\n", name.c_str(), e.calls / steps,
                1e3 * e.seconds / steps, 100 * e.seconds / total, 1e3 * floor / steps, 100 * floor / e.seconds);
  }
  std::printf("| all else | | %.1f | %.1f%% | | |\n", 1e3 * (total - known) / steps, 100 * (total - known) / total);
  std::printf("| step | | %.1f | 100%% | %.1f | %.0f%% |\n", 1e3 * total / steps, 1e3 * floors / steps,
              100 * floors / total);
}
