// SPDX-License-Identifier: MIT
// Each operation of the CUDA backend in float32 and bfloat16, at the shapes of GPT-2 124M over 32
// packed pairs (N = 6688 rows, R = 3152 head rows: eight times those of operations_bench.cpp). A
// time is that of one of several calls that are submitted to the device before the host waits,
// including the call's own transfers. FLOP/s counts the arithmetic of the products, bytes/s the
// minimum traffic to the device's memory. Without a GPU it prints a message and exits with 77.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/cuda.hpp"

namespace {

using prefopt::bfloat16;
using prefopt::cuda_backend;
using prefopt::matrix_view;
using prefopt::tensor_view;

constexpr std::size_t trees = 32, rows = 209 * trees, head_rows = 3152, channels = 768,
                      inner = 3072, vocabulary = 50257, heads = 12;

/// Normal numbers: an H200 multiplies zeros, or a short pattern, faster than a model's numbers.
/// Rows begin at whole cache lines, as in a model.
template <class T, class Backend>
class matrix {
 public:
  matrix(const Backend& backend, std::size_t count, std::size_t columns)
      : count_(count),
        columns_(columns),
        stride_(padded(columns)),
        values_(backend.template allocate<T>(count * stride_)) {
    static const std::vector<float> normal = [] {
      prefopt::random_generator random(1);
      std::vector<float> all(std::size_t{1} << 16);
      for (float& value : all) value = static_cast<float>(random.normal());
      return all;
    }();
    std::vector<T> numbers(values_.size());
    std::uint32_t next = 12345;
    for (T& number : numbers) {
      next = next * 1664525U + 1013904223U;
      number = static_cast<T>(0.05F * normal[next >> 16]);
    }
    backend.copy_from_host(std::span<const T>(numbers), values_.span());
  }
  [[nodiscard]] matrix_view<T> view() { return {values_.data(), {count_, columns_}, {stride_, 1}}; }
  [[nodiscard]] std::span<T> flat() { return values_.span().first(count_ * columns_); }
  [[nodiscard]] tensor_view<T, 3> heads_of(std::size_t part, std::size_t parts) {
    const std::size_t width = columns_ / parts;
    return {
        values_.data() + part * width, {count_, heads, width / heads}, {stride_, width / heads, 1}};
  }

 private:
  [[nodiscard]] static std::size_t padded(std::size_t columns) { return (columns + 15) / 16 * 16; }

  std::size_t count_, columns_, stride_;
  decltype(std::declval<const Backend&>().template allocate<T>(0)) values_;
};

/// Products that cuBLASLt did not do alone, in all benches together.
std::map<std::string, std::size_t> fallbacks;

/// A backend and its matrices.
template <class Activation>
struct fixture {
  using backend_type = cuda_backend<Activation>;
  using activations = matrix<Activation, backend_type>;
  using numbers = matrix<float, backend_type>;

  backend_type backend{};
  prefopt::device_buffer<float> flag = backend.template allocate<float>(1);

  ~fixture() {
    for (const auto& slow : backend.product_fallbacks()) fallbacks[slow.product] += slow.calls;
  }

  [[nodiscard]] activations of(std::size_t count, std::size_t columns) const {
    return {backend, count, columns};
  }
  [[nodiscard]] numbers floats(std::size_t count, std::size_t columns) const {
    return {backend, count, columns};
  }
  void wait() {
    float ignored = 0;
    backend.copy_to_host(flag.span(), {&ignored, 1});
  }

  template <class Call>
  void measure(benchmark::State& state, const Call& call) {
    constexpr int calls = 16;
    for (int i = 0; i < 3; ++i) call();  // the first calls load memory, algorithms and kernels
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
  state.counters["FLOP/s"] =
      benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

void count_bytes(benchmark::State& state, double each) {
  state.counters["bytes/s"] =
      benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

/// Trees of a prompt with two responses, 209 rows on average, with lengths between one half and one
/// and a half times that.
std::vector<prefopt::tree_node> forest() {
  std::vector<prefopt::tree_node> nodes;
  std::int32_t begin = 0;
  for (std::int32_t tree = 0; tree < static_cast<std::int32_t>(trees); ++tree) {
    const std::int32_t size = 209 + (tree % 2 == 0 ? 1 : -1) * (tree / 2 * 6 + 3),
                       prompt = size / 2;
    const std::int32_t root = 3 * tree, middle = begin + prompt + (size - prompt) / 2,
                       end = begin + size;
    nodes.push_back({-1, begin, begin + prompt, end});
    nodes.push_back({root, begin + prompt, middle, middle});
    nodes.push_back({root, middle, end, end});
    begin = end;
  }
  return nodes;  // the differences cancel out: `rows` rows
}

prefopt::head_targets targets() {
  std::vector<prefopt::head_target> all;
  for (std::size_t i = 0; i < head_rows; ++i)
    all.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(i * 7919 % vocabulary)});
  return {all, head_rows};
}

template <class A>
void linear(benchmark::State& state) {
  fixture<A> p;
  std::vector<typename fixture<A>::activations> x;  // used in turn: more than a cache holds
  for (int i = 0; i < 8; ++i) x.push_back(p.of(rows, channels));
  auto y = p.of(rows, inner);
  auto weight = p.floats(channels, inner), bias = p.floats(1, inner);
  std::size_t turn = 0;
  p.measure(state, [&] {
    p.backend.linear(x[turn++ % x.size()].view(), weight.view(), bias.flat(), y.view());
  });
  count_flops(state, 2.0 * rows * channels * inner);
}

template <class A>
void linear_backward(benchmark::State& state) {
  fixture<A> p;
  auto x = p.of(rows, channels), d_y = p.of(rows, inner), d_x = p.of(rows, channels);
  auto weight = p.floats(channels, inner), d_bias = p.floats(1, inner),
       d_weight = p.floats(channels, inner);
  p.measure(state, [&] {
    p.backend.linear_backward(d_y.view(), x.view(), weight.view(), d_x.view(), d_weight.view(),
                              d_bias.flat());
  });
  count_flops(state, 4.0 * rows * channels * inner);
}

template <class A>
void linear_activate(benchmark::State& state) {
  fixture<A> p;
  auto x = p.of(rows, channels), before = p.of(rows, inner), y = p.of(rows, inner);
  auto weight = p.floats(channels, inner), bias = p.floats(1, inner);
  p.measure(state, [&] {
    p.backend.linear_activate(x.view(), weight.view(), bias.flat(),
                              prefopt::activation_function::gelu_new, before.view(), y.view());
  });
  count_flops(state, 2.0 * rows * channels * inner);
}

template <class A>
void activated_linear_backward(benchmark::State& state) {
  fixture<A> p;
  auto before = p.of(rows, inner), x = p.of(rows, inner), d_y = p.of(rows, channels),
       d_before = p.of(rows, inner);
  auto weight = p.floats(inner, channels), d_bias = p.floats(1, channels),
       d_weight = p.floats(inner, channels);
  p.measure(state, [&] {
    p.backend.activated_linear_backward(d_y.view(), x.view(), weight.view(),
                                        prefopt::activation_function::gelu_new, before.view(),
                                        d_before.view(), d_weight.view(), d_bias.flat());
  });
  count_flops(state, 4.0 * rows * channels * inner);
}

template <class A>
void layer_norm(benchmark::State& state) {
  fixture<A> p;
  auto x = p.of(rows, channels), y = p.of(rows, channels);
  auto scale = p.floats(1, channels), shift = p.floats(1, channels), mean = p.floats(1, rows),
       inverse = p.floats(1, rows);
  p.measure(state, [&] {
    p.backend.layer_norm(x.view(), scale.flat(), shift.flat(), 1e-5, y.view(),
                         {mean.flat(), inverse.flat()});
  });
  count_bytes(state, 2.0 * sizeof(A) * rows * channels);
}

template <class A>
void layer_norm_backward(benchmark::State& state) {
  fixture<A> p;
  auto x = p.of(rows, channels), d_y = p.of(rows, channels), d_x = p.of(rows, channels);
  auto scale = p.floats(1, channels), d_scale = p.floats(1, channels),
       d_shift = p.floats(1, channels), mean = p.floats(1, rows), inverse = p.floats(1, rows);
  p.measure(state, [&] {
    p.backend.layer_norm_backward(d_y.view(), x.view(), scale.flat(), {mean.flat(), inverse.flat()},
                                  d_x.view(), d_scale.flat(), d_shift.flat());
  });
  count_bytes(state, 4.0 * sizeof(A) * rows * channels);
}

template <class A>
void tree_attention(benchmark::State& state) {
  fixture<A> p;
  const auto nodes = forest();
  auto qkv = p.of(rows, 3 * channels), out = p.of(rows, channels);
  auto log_sums = p.floats(rows, heads);
  p.measure(state, [&] {
    p.backend.tree_attention({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3), qkv.heads_of(2, 3),
                             0.125, out.heads_of(0, 1), log_sums.view());
  });
}

template <class A>
void tree_attention_backward(benchmark::State& state) {
  fixture<A> p;
  const auto nodes = forest();
  auto qkv = p.of(rows, 3 * channels), d_qkv = p.of(rows, 3 * channels), out = p.of(rows, channels),
       d_out = p.of(rows, channels);
  auto log_sums = p.floats(rows, heads);
  p.backend.tree_attention({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3), qkv.heads_of(2, 3),
                           0.125, out.heads_of(0, 1), log_sums.view());
  p.measure(state, [&] {
    p.backend.tree_attention_backward({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3),
                                      qkv.heads_of(2, 3), 0.125, out.heads_of(0, 1),
                                      log_sums.view(), d_out.heads_of(0, 1), d_qkv.heads_of(0, 3),
                                      d_qkv.heads_of(1, 3), d_qkv.heads_of(2, 3));
  });
}

template <class A>
void embedding(benchmark::State& state) {
  fixture<A> p;
  auto wte = p.floats(vocabulary, channels), wpe = p.floats(1024, channels);
  auto out = p.of(rows, channels);
  std::vector<std::int32_t> tokens(rows), positions(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    tokens[i] = static_cast<std::int32_t>(i * 7919 % vocabulary);
    positions[i] = static_cast<std::int32_t>(i % 1024);
  }
  p.measure(state,
            [&] { p.backend.embedding(tokens, positions, wte.view(), wpe.view(), out.view()); });
  count_bytes(state, (8.0 + sizeof(A)) * rows * channels);
}

template <class A>
void head(benchmark::State& state) {
  fixture<A> p;
  auto hidden = p.of(head_rows, channels), logits = p.of(head_rows, vocabulary);
  auto weight = p.floats(vocabulary, channels), sums = p.floats(1, head_rows);
  const auto expected = targets();
  std::vector<double> log_probs(head_rows);
  p.measure(state, [&] {
    p.backend.head_log_probs(hidden.view(), weight.view(), expected, logits.view(), sums.flat(),
                             log_probs);
  });
  count_flops(state, 2.0 * head_rows * channels * vocabulary);
}

/// backward overwrites its logits, so several sets take turns; a reused one holds gradients, which
/// are as large as any.
template <class A>
void head_backward(benchmark::State& state) {
  fixture<A> p;
  auto hidden = p.of(head_rows, channels), d_hidden = p.of(head_rows, channels);
  std::vector<typename fixture<A>::activations> logits;
  for (int i = 0; i < 4; ++i) logits.push_back(p.of(head_rows, vocabulary));
  auto weight = p.floats(vocabulary, channels), sums = p.floats(1, head_rows),
       d_weight = p.floats(vocabulary, channels);
  p.backend.fill(sums.flat(), 11);  // for a row of logits around 0
  const auto expected = targets();
  const std::vector<double> slopes(head_rows, 0.01);
  std::size_t turn = 0;
  p.measure(state, [&] {
    p.backend.head_backward(logits[turn++ % logits.size()].view(), sums.flat(), expected, slopes,
                            hidden.view(), weight.view(), d_hidden.view(), d_weight.view());
  });
  count_flops(state, 4.0 * head_rows * channels * vocabulary);
}

/// Parameters and moments are float32 on either backend.
void adamw_124m(benchmark::State& state) {
  fixture<float> p;
  constexpr std::size_t count = 124'439'808 / channels;
  auto value = p.floats(count, channels), gradient = p.floats(count, channels),
       first = p.floats(count, channels), second = p.floats(count, channels);
  p.backend.fill(second.flat(), 1);
  const std::vector<prefopt::adamw_tensor<float>> tensors{
      {value.flat(), gradient.flat(), first.flat(), second.flat()}};
  p.measure(state, [&] { p.backend.adamw(tensors, {.rate = 1e-6}); });
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
  } catch (const prefopt::no_device_error& error) {
    std::printf("skipped: no CUDA device (%s)\n", error.what());
    return 77;
  }
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  for (const auto& [product, calls] : fallbacks)
    std::printf("not cuBLASLt's alone: %s, %zu times\n", product.c_str(), calls);
  benchmark::Shutdown();
}
