// SPDX-License-Identifier: MIT
// Each operation of a transformer backend at the shapes of GPT-2 124M over 4 packed pairs (N = 836
// rows, R = 394 head rows). The argument is `threads`. FLOP/s counts the arithmetic of the
// products, bytes/s the minimum traffic to memory.

#include <cstddef>
#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>

#include "prefopt/eigen.hpp"

namespace {

using prefopt::matrix_view;
using prefopt::tensor_view;
using backend_type = prefopt::eigen_backend<float>;

constexpr std::size_t rows = 836, head_rows = 394, channels = 768, inner = 3072, vocabulary = 50257,
                      heads = 12;

class matrix {
 public:
  matrix(std::size_t count, std::size_t columns) : columns_(columns), values_(count * columns) {
    for (std::size_t i = 0; i < values_.size(); ++i)
      values_[i] = static_cast<float>(i % 17) * 0.01F - 0.08F;
  }
  [[nodiscard]] matrix_view<float> view() {
    return {values_.data(), {values_.size() / columns_, columns_}};
  }
  [[nodiscard]] std::span<float> flat() { return values_; }
  [[nodiscard]] tensor_view<float, 3> heads_of(std::size_t part, std::size_t parts) {
    return {values_.data() + part * columns_ / parts,
            {values_.size() / columns_, heads, columns_ / parts / heads},
            {columns_, columns_ / parts / heads, 1}};
  }

 private:
  std::size_t columns_;
  std::vector<float> values_;
};

backend_type backend_of(const benchmark::State& state) {
  return backend_type{{.threads = static_cast<int>(state.range(0))}};
}

void count_flops(benchmark::State& state, double each) {
  state.counters["FLOP/s"] =
      benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

void count_bytes(benchmark::State& state, double each) {
  state.counters["bytes/s"] =
      benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

/// 4 trees: a prompt of 100 rows with responses of 60 and 49.
std::vector<prefopt::tree_node> forest() {
  std::vector<prefopt::tree_node> nodes;
  for (std::int32_t tree = 0; tree < 4; ++tree) {
    const std::int32_t root = 3 * tree, begin = 209 * tree;
    nodes.push_back({-1, begin, begin + 100, begin + 209});
    nodes.push_back({root, begin + 100, begin + 160, begin + 160});
    nodes.push_back({root, begin + 160, begin + 209, begin + 209});
  }
  return nodes;
}

void linear(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix x(rows, channels), weight(channels, inner), bias(1, inner), y(rows, inner);
  for (auto _ : state) backend.linear(x.view(), weight.view(), bias.flat(), y.view());
  count_flops(state, 2.0 * rows * channels * inner);
}

void linear_backward(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix x(rows, channels), weight(channels, inner), d_bias(1, inner), d_y(rows, inner),
      d_x(rows, channels), d_weight(channels, inner);
  for (auto _ : state)
    backend.linear_backward(d_y.view(), x.view(), weight.view(), d_x.view(), d_weight.view(),
                            d_bias.flat());
  count_flops(state, 4.0 * rows * channels * inner);
}

void linear_activate(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix x(rows, channels), weight(channels, inner), bias(1, inner), before(rows, inner),
      y(rows, inner);
  for (auto _ : state)
    backend.linear_activate(x.view(), weight.view(), bias.flat(),
                            prefopt::activation_function::gelu_new, before.view(), y.view());
  count_flops(state, 2.0 * rows * channels * inner);
}

void activated_linear_backward(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix before(rows, inner), x(rows, inner), weight(inner, channels), d_bias(1, channels),
      d_y(rows, channels), d_before(rows, inner), d_weight(inner, channels);
  for (auto _ : state)
    backend.activated_linear_backward(d_y.view(), x.view(), weight.view(),
                                      prefopt::activation_function::gelu_new, before.view(),
                                      d_before.view(), d_weight.view(), d_bias.flat());
  count_flops(state, 4.0 * rows * channels * inner);
}

void layer_norm(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix x(rows, channels), scale(1, channels), shift(1, channels), y(rows, channels),
      mean(1, rows), inverse(1, rows);
  for (auto _ : state)
    backend.layer_norm(x.view(), scale.flat(), shift.flat(), 1e-5, y.view(),
                       {mean.flat(), inverse.flat()});
  count_bytes(state, 8.0 * rows * channels);
}

void layer_norm_backward(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix x(rows, channels), scale(1, channels), d_y(rows, channels), d_x(rows, channels),
      d_scale(1, channels), d_shift(1, channels), mean(1, rows), inverse(1, rows);
  for (auto _ : state)
    backend.layer_norm_backward(d_y.view(), x.view(), scale.flat(), {mean.flat(), inverse.flat()},
                                d_x.view(), d_scale.flat(), d_shift.flat());
  count_bytes(state, 16.0 * rows * channels);
}

void rms_norm(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix x(rows, channels), scale(1, channels), y(rows, channels), inverse(rows, 1);
  for (auto _ : state)
    backend.rms_norm(prefopt::split_columns(x.view()), scale.flat(), 1e-5,
                     prefopt::split_columns(y.view()), inverse.view());
  count_bytes(state, 8.0 * rows * channels);
}

void rms_norm_backward(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix x(rows, channels), scale(1, channels), d_y(rows, channels), d_x(rows, channels),
      d_scale(1, channels), inverse(rows, 1);
  for (auto _ : state)
    backend.rms_norm_backward(prefopt::split_columns(d_y.view()), prefopt::split_columns(x.view()),
                              scale.flat(), inverse.view(), prefopt::split_columns(d_x.view()),
                              d_scale.flat());
  count_bytes(state, 16.0 * rows * channels);
}

void rotate(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix qkv(rows, 3 * channels), table(rows, channels / heads);
  for (auto _ : state) backend.rotate(table.view(), prefopt::rotation::forward, qkv.heads_of(0, 3));
  count_bytes(state, 8.0 * rows * channels);
}

void gate(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix gate_up(rows, 2 * inner), y(rows, inner);
  for (auto _ : state) backend.gate(prefopt::activation_function::silu, gate_up.view(), y.view());
  count_bytes(state, 12.0 * rows * inner);
}

void gate_backward(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix gate_up(rows, 2 * inner), d_y(rows, inner), d_gate_up(rows, 2 * inner);
  for (auto _ : state)
    backend.gate_backward(prefopt::activation_function::silu, d_y.view(), gate_up.view(),
                          d_gate_up.view());
  count_bytes(state, 20.0 * rows * inner);
}

void tree_attention(benchmark::State& state) {
  const auto backend = backend_of(state);
  const auto nodes = forest();
  matrix qkv(rows, 3 * channels), out(rows, channels), log_sums(rows, heads);
  for (auto _ : state)
    backend.tree_attention({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3), qkv.heads_of(2, 3),
                           0.125, out.heads_of(0, 1), log_sums.view());
}

void tree_attention_backward(benchmark::State& state) {
  const auto backend = backend_of(state);
  const auto nodes = forest();
  matrix qkv(rows, 3 * channels), d_qkv(rows, 3 * channels), out(rows, channels),
      d_out(rows, channels), log_sums(rows, heads);
  backend.tree_attention({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3), qkv.heads_of(2, 3), 0.125,
                         out.heads_of(0, 1), log_sums.view());
  for (auto _ : state)
    backend.tree_attention_backward({nodes}, qkv.heads_of(0, 3), qkv.heads_of(1, 3),
                                    qkv.heads_of(2, 3), 0.125, out.heads_of(0, 1), log_sums.view(),
                                    d_out.heads_of(0, 1), d_qkv.heads_of(0, 3),
                                    d_qkv.heads_of(1, 3), d_qkv.heads_of(2, 3));
}

void embedding(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix wte(vocabulary, channels), wpe(1024, channels), out(rows, channels);
  std::vector<std::int32_t> tokens(rows), positions(rows);
  for (std::size_t i = 0; i < rows; ++i)
    tokens[i] = static_cast<std::int32_t>(i * 7919 % vocabulary);
  std::iota(positions.begin(), positions.end(), 0);
  for (auto _ : state) backend.embedding(tokens, positions, wte.view(), wpe.view(), out.view());
  count_bytes(state, 12.0 * rows * channels);
}

std::vector<prefopt::head_target> targets() {
  std::vector<prefopt::head_target> all;
  for (std::size_t i = 0; i < head_rows; ++i)
    all.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(i * 7919 % vocabulary)});
  return all;
}

void head(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix hidden(head_rows, channels), weight(vocabulary, channels), logits(head_rows, vocabulary),
      sums(1, head_rows);
  std::vector<double> log_probs(head_rows);
  for (auto _ : state) {
    backend.head_log_probs(hidden.view(), weight.view(), {targets(), head_rows}, logits.view(),
                           sums.flat(), log_probs);
  }
  count_flops(state, 2.0 * head_rows * channels * vocabulary);
}

void head_backward(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix hidden(head_rows, channels), weight(vocabulary, channels), logits(head_rows, vocabulary),
      sums(1, head_rows), d_hidden(head_rows, channels), d_weight(vocabulary, channels);
  const std::vector<double> slopes(head_rows, 0.01);
  for (auto _ : state)
    backend.head_backward(logits.view(), sums.flat(), {targets(), head_rows}, slopes, hidden.view(),
                          weight.view(), d_hidden.view(), d_weight.view());
  count_flops(state, 4.0 * head_rows * channels * vocabulary);
}

void adamw_124m(benchmark::State& state) {
  const auto backend = backend_of(state);
  matrix value(124'439'808 / 768, 768), gradient(124'439'808 / 768, 768),
      first(124'439'808 / 768, 768), second(124'439'808 / 768, 768);
  for (float& v : second.flat()) v = 1;
  const std::vector<prefopt::adamw_tensor<float>> tensors{
      {value.flat(), gradient.flat(), first.flat(), second.flat()}};
  for (auto _ : state) backend.adamw(tensors, {.rate = 1e-6});
  count_bytes(state, 28.0 * 124'439'808);
}

#define PREFOPT_BENCH(operation) \
  BENCHMARK(operation)->Arg(1)->Arg(2)->ArgName("threads")->UseRealTime()
PREFOPT_BENCH(linear);
PREFOPT_BENCH(linear_backward);
PREFOPT_BENCH(linear_activate);
PREFOPT_BENCH(activated_linear_backward);
PREFOPT_BENCH(layer_norm);
PREFOPT_BENCH(layer_norm_backward);
PREFOPT_BENCH(rms_norm);
PREFOPT_BENCH(rms_norm_backward);
PREFOPT_BENCH(rotate);
PREFOPT_BENCH(gate);
PREFOPT_BENCH(gate_backward);
PREFOPT_BENCH(tree_attention);
PREFOPT_BENCH(tree_attention_backward);
PREFOPT_BENCH(embedding);
PREFOPT_BENCH(head);
PREFOPT_BENCH(head_backward);
PREFOPT_BENCH(adamw_124m);

}  // namespace

BENCHMARK_MAIN();
