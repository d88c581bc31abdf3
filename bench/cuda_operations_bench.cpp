// SPDX-License-Identifier: MIT
// Each operation of the CUDA machine in float32 and bfloat16, at the shapes of GPT-2 124M over 32 packed pairs (N =
// 6688 rows, R = 3152 head rows: eight times operations_bench.cpp's). A time is that of a call among several that are
// handed to the device before the host waits for it, transfers of a call's own included. FLOP/s counts the arithmetic
// of the products, bytes/s what must cross the device's memory. Without a GPU it says so and exits with 77.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/cuda.hpp"

namespace {

using prefopt::bfloat16;
using prefopt::cuda_backend;
using prefopt::matrix_view;
using prefopt::tensor_view;

constexpr std::size_t trees = 32, rows = 209 * trees, head_rows = 3152, channels = 768, inner = 3072,
                      vocabulary = 50257, heads = 12;

template <class T, class Machine>
class matrix {
 public:
  matrix(const Machine& machine, std::size_t count, std::size_t columns)
      : count_(count), columns_(columns), values_(machine.template allocate<T>(count * columns)) {
    std::vector<T> pattern(count * columns);
    for (std::size_t i = 0; i < pattern.size(); ++i)
      pattern[i] = static_cast<T>(static_cast<float>(i % 17) * 0.01F - 0.08F);
    machine.copy_from_host(std::span<const T>(pattern), values_.span());
  }
  [[nodiscard]] matrix_view<T> view() { return {values_.data(), {count_, columns_}}; }
  [[nodiscard]] std::span<T> flat() { return values_.span(); }
  [[nodiscard]] tensor_view<T, 3> heads_of(std::size_t part, std::size_t parts) {
    const std::size_t width = columns_ / parts;
    return {values_.data() + part * width, {count_, heads, width / heads}, {columns_, width / heads, 1}};
  }

 private:
  std::size_t count_, columns_;
  decltype(std::declval<const Machine&>().template allocate<T>(0)) values_;
};

/// A machine and matrices on it.
template <class Activation>
struct place {
  using machine_type = cuda_backend<Activation>;
  using activations = matrix<Activation, machine_type>;
  using numbers = matrix<float, machine_type>;

  machine_type machine{};
  prefopt::device_buffer<float> flag = machine.template allocate<float>(1);

  [[nodiscard]] activations of(std::size_t count, std::size_t columns) const { return {machine, count, columns}; }
  [[nodiscard]] numbers floats(std::size_t count, std::size_t columns) const { return {machine, count, columns}; }
  void wait() {
    float ignored = 0;
    machine.copy_to_host(flag.span(), {&ignored, 1});
  }

  template <class Call>
  void measure(benchmark::State& state, const Call& call) {
    constexpr int calls = 16;
    call();
    wait();
    for (auto _ : state) {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < calls; ++i) call();
      wait();
      const std::chrono::duration<double> all = std::chrono::steady_clock::now() - begin;
      state.SetIterationTime(all.count() / calls);
    }
  }
};

void count_flops(benchmark::State& state, double each) {
  state.counters["FLOP/s"] = benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

void count_bytes(benchmark::State& state, double each) {
  state.counters["bytes/s"] = benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

/// Trees of a prompt of 100 rows with responses of 60 and 49.
std::vector<prefopt::tree_node> forest() {
  std::vector<prefopt::tree_node> nodes;
  for (std::int32_t tree = 0; tree < static_cast<std::int32_t>(trees); ++tree) {
    const std::int32_t root = 3 * tree, begin = 209 * tree;
    nodes.push_back({-1, begin, begin + 100, begin + 209});
    nodes.push_back({root, begin + 100, begin + 160, begin + 160});
    nodes.push_back({root, begin + 160, begin + 209, begin + 209});
  }
  return nodes;
}

prefopt::head_targets targets() {
  std::vector<prefopt::head_target> all;
  for (std::size_t i = 0; i < head_rows; ++i)
    all.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(i * 7919 % vocabulary)});
  return {all, head_rows};
}

template <class A>
void linear(benchmark::State& state) {
  place<A> p;
  auto x = p.of(rows, channels), y = p.of(rows, inner);
  auto weight = p.floats(channels, inner), bias = p.floats(1, inner);
  p.measure(state, [&] { p.machine.linear(x.view(), weight.view(), bias.flat(), y.view()); });
  count_flops(state, 2.0 * rows * channels * inner);
}

template <class A>
void linear_backward(benchmark::State& state) {
  place<A> p;
  auto x = p.of(rows, channels), d_y = p.of(rows, inner), d_x = p.of(rows, channels);
  auto weight = p.floats(channels, inner), d_bias = p.floats(1, inner), d_weight = p.floats(channels, inner);
  p.measure(state, [&] {
    p.machine.linear_backward(d_y.view(), x.view(), weight.view(), d_x.view(), d_weight.view(), d_bias.flat());
  });
  count_flops(state, 4.0 * rows * channels * inner);
}

template <class A>
void linear_activate(benchmark::State& state) {
  place<A> p;
  auto x = p.of(rows, channels), before = p.of(rows, inner), y = p.of(rows, inner);
  auto weight = p.floats(channels, inner), bias = p.floats(1, inner);
  p.measure(state, [&] {
    p.machine.linear_activate(x.view(), weight.view(), bias.flat(), prefopt::activation_function::gelu_new,
                              before.view(), y.view());
  });
  count_flops(state, 2.0 * rows * channels * inner);
}

template <class A>
void activated_linear_backward(benchmark::State& state) {
  place<A> p;
  auto before = p.of(rows, inner), x = p.of(rows, inner), d_y = p.of(rows, channels), d_before = p.of(rows, inner);
  auto weight = p.floats(inner, channels), d_bias = p.floats(1, channels), d_weight = p.floats(inner, channels);
  p.measure(state, [&] {
    p.machine.activated_linear_backward(d_y.view(), x.view(), weight.view(), prefopt::activation_function::gelu_new,
                                        before.view(), d_before.view(), d_weight.view(), d_bias.flat());
  });
  count_flops(state, 4.0 * rows * channels * inner);
}

template <class A>
void layer_norm(benchmark::State& state) {
  place<A> p;
  auto x = p.of(rows, channels), y = p.of(rows, channels);
  auto scale = p.floats(1, channels), shift = p.floats(1, channels), mean = p.floats(1, rows),
       inverse = p.floats(1, rows);
  p.measure(state, [&] {
    p.machine.layer_norm(x.view(), scale.flat(), shift.flat(), 1e-5, y.view(), {mean.flat(), inverse.flat()});
  });
  count_bytes(state, 2.0 * sizeof(A) * rows * channels);
}

template <class A>
void layer_norm_backward(benchmark::State& state) {
  place<A> p;
  auto x = p.of(rows, channels), d_y = p.of(rows, channels), d_x = p.of(rows, channels);
  auto scale = p.floats(1, channels), d_scale = p.floats(1, channels), d_shift = p.floats(1, channels),
       mean = p.floats(1, rows), inverse = p.floats(1, rows);
  p.measure(state, [&] {
    p.machine.layer_norm_backward(d_y.view(), x.view(), scale.flat(), {mean.flat(), inverse.flat()}, d_x.view(),
                                  d_scale.flat(), d_shift.flat());
  });
  count_bytes(state, 4.0 * sizeof(A) * rows * channels);
}

template <class A>
void tree_attention(benchmark::State& state) {
  place<A> p;
  const auto nodes = forest();
  auto qkv = p.of(rows, 3 * channels), out = p.of(rows, channels);
  auto log_sums = p.floats(rows, heads);
  p.measure(state, [&] {
    p.machine.tree_attention({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3), qkv.heads_of(2, 3), 0.125,
                             out.heads_of(0, 1), log_sums.view());
  });
}

template <class A>
void tree_attention_backward(benchmark::State& state) {
  place<A> p;
  const auto nodes = forest();
  auto qkv = p.of(rows, 3 * channels), d_qkv = p.of(rows, 3 * channels), out = p.of(rows, channels),
       d_out = p.of(rows, channels);
  auto log_sums = p.floats(rows, heads);
  p.machine.tree_attention({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3), qkv.heads_of(2, 3), 0.125,
                           out.heads_of(0, 1), log_sums.view());
  p.measure(state, [&] {
    p.machine.tree_attention_backward({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3), qkv.heads_of(2, 3), 0.125,
                                      out.heads_of(0, 1), log_sums.view(), d_out.heads_of(0, 1), d_qkv.heads_of(0, 3),
                                      d_qkv.heads_of(1, 3), d_qkv.heads_of(2, 3));
  });
}

template <class A>
void embedding(benchmark::State& state) {
  place<A> p;
  auto wte = p.floats(vocabulary, channels), wpe = p.floats(1024, channels);
  auto out = p.of(rows, channels);
  std::vector<std::int32_t> tokens(rows), positions(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    tokens[i] = static_cast<std::int32_t>(i * 7919 % vocabulary);
    positions[i] = static_cast<std::int32_t>(i % 1024);
  }
  p.measure(state, [&] { p.machine.embedding(tokens, positions, wte.view(), wpe.view(), out.view()); });
  count_bytes(state, (8.0 + sizeof(A)) * rows * channels);
}

template <class A>
void head(benchmark::State& state) {
  place<A> p;
  auto hidden = p.of(head_rows, channels), logits = p.of(head_rows, vocabulary);
  auto weight = p.floats(vocabulary, channels), sums = p.floats(1, head_rows);
  const auto wanted = targets();
  std::vector<double> log_probs(head_rows);
  p.measure(state, [&] {
    p.machine.head_log_probs(hidden.view(), weight.view(), wanted, logits.view(), sums.flat(), log_probs);
  });
  count_flops(state, 2.0 * head_rows * channels * vocabulary);
}

template <class A>
void head_backward(benchmark::State& state) {
  place<A> p;
  auto hidden = p.of(head_rows, channels), logits = p.of(head_rows, vocabulary), d_hidden = p.of(head_rows, channels);
  auto weight = p.floats(vocabulary, channels), sums = p.floats(1, head_rows),
       d_weight = p.floats(vocabulary, channels);
  const auto wanted = targets();
  const std::vector<double> slopes(head_rows, 0.01);
  p.measure(state, [&] {
    p.machine.head_backward(logits.view(), sums.flat(), wanted, slopes, hidden.view(), weight.view(), d_hidden.view(),
                            d_weight.view());
  });
  count_flops(state, 4.0 * head_rows * channels * vocabulary);
}

/// Parameters and moments are float32 on either machine.
void adamw_124m(benchmark::State& state) {
  place<float> p;
  constexpr std::size_t count = 124'439'808 / channels;
  auto value = p.floats(count, channels), gradient = p.floats(count, channels), first = p.floats(count, channels),
       second = p.floats(count, channels);
  p.machine.fill(second.flat(), 1);
  const std::vector<prefopt::adamw_tensor<float>> tensors{{value.flat(), gradient.flat(), first.flat(), second.flat()}};
  p.measure(state, [&] { p.machine.adamw(tensors, {.rate = 1e-6}); });
  count_bytes(state, 28.0 * 124'439'808);
}

#define PREFOPT_BENCH(operation)                \
  BENCHMARK(operation<float>)->UseManualTime(); \
  BENCHMARK(operation<bfloat16>)->UseManualTime()
PREFOPT_BENCH(linear);
PREFOPT_BENCH(linear_backward);
PREFOPT_BENCH(linear_activate);
PREFOPT_BENCH(activated_linear_backward);
PREFOPT_BENCH(layer_norm);
PREFOPT_BENCH(layer_norm_backward);
PREFOPT_BENCH(tree_attention);
PREFOPT_BENCH(tree_attention_backward);
PREFOPT_BENCH(embedding);
PREFOPT_BENCH(head);
PREFOPT_BENCH(head_backward);
BENCHMARK(adamw_124m)->UseManualTime();

}  // namespace

int main(int count, char** arguments) {
  try {
    std::printf("%s\n", cuda_backend<float>{}.instruction_set().c_str());
  } catch (const prefopt::device_error& error) {
    std::printf("skipped: no CUDA device (%s)\n", error.what());
    return 77;
  }
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
