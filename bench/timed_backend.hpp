// SPDX-License-Identifier: MIT
#pragma once
// A backend that times each of its operations, for the programs that print where a step's time
// goes.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/prefopt.hpp"

namespace bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct entry {
  long calls = 0;
  double seconds = 0, flops = 0, bytes = 0;
};
inline std::map<std::string, entry> entries;

inline double elements(const auto& view) { return static_cast<double>(view.size()); }
inline double rows(const auto& view) { return static_cast<double>(view.extent(0)); }

/// Query-key pairs of a forest, counted once per head.
inline double pairs_of(const prefopt::attention_rows& r) {
  std::vector<double> above(r.nodes.size());  // rows before a node on its path
  double pairs = 0;
  for (std::size_t i = 0; i < r.nodes.size(); ++i) {
    const auto& n = r.nodes[i];
    if (n.parent >= 0) {
      const auto p = static_cast<std::size_t>(n.parent);
      above[i] = above[p] + (r.nodes[p].end - r.nodes[p].begin);
    }
    for (std::int32_t row = n.begin; row < n.end; ++row)
      if (r.queries.empty() || std::ranges::binary_search(r.queries, row))
        pairs += std::min(above[i] + (row - n.begin) + 1,
                          r.window == 0 ? std::numeric_limits<double>::infinity()
                                        : static_cast<double>(r.window));
  }
  return pairs;
}

/// Waits for the calls of a backend that return before they are done. Copies of a backend share it.
inline std::function<void()> wait_behind_each;

/// A backend that times each operation.
template <class Base>
class timed_backend : public Base {
  using base = Base;

 public:
  using value_type = typename Base::value_type;
  using matrix = typename Base::matrix;
  using const_matrix = typename Base::const_matrix;
  using numbers = typename Base::numbers;
  using const_numbers = typename Base::const_numbers;
  using heads = typename Base::heads;
  using const_heads = typename Base::const_heads;
  using indices = std::span<const std::int32_t>;
  using weights = prefopt::matrix_view<const value_type>;
  using weight_table = prefopt::weight_matrix<value_type>;
  using weight = prefopt::linear_weight<const value_type>;
  using gradients = prefopt::matrix_view<value_type>;

  using Base::Base;

  double sum_of_squares(std::span<const const_numbers> tensors) const {
    double bytes = 0;
    for (const auto& t : tensors) bytes += 4 * elements(t);
    return timed("gradient norm", 0, bytes, [&] { return base::sum_of_squares(tensors); });
  }
  void adamw(std::span<const prefopt::adamw_tensor<value_type>> tensors,
             const prefopt::adamw_coefficients& c) const {
    double bytes = 0;
    for (const auto& t : tensors) bytes += 28 * elements(t.value);
    timed("adamw", 0, bytes, [&] { base::adamw(tensors, c); });
  }
  void fill(numbers values, float value) const {
    timed("zeroing gradients", 0, 4 * elements(values), [&] { base::fill(values, value); });
  }
  void embedding(indices t, indices p, weight_table wte, weight_table wpe, matrix out) const {
    timed("embedding", 0, 12 * elements(out), [&] { base::embedding(t, p, wte, wpe, out); });
  }
  void embedding_backward(indices t, indices p, const_matrix d, gradients d_wte,
                          gradients d_wpe) const {
    timed("embedding backward", 0, 20 * elements(d),
          [&] { base::embedding_backward(t, p, d, d_wte, d_wpe); });
  }
  void layer_norm(const_matrix x, const_numbers scale, const_numbers shift, double epsilon,
                  matrix y, prefopt::layer_norm_statistics<value_type> s) const {
    timed("layer norm", 0, 8 * elements(x),
          [&] { base::layer_norm(x, scale, shift, epsilon, y, s); });
  }
  void layer_norm_backward(const_matrix d_y, const_matrix x, const_numbers scale,
                           prefopt::layer_norm_statistics<const value_type> s, matrix d_x,
                           numbers d_scale, numbers d_shift) const {
    timed("layer norm backward", 0, 16 * elements(x),
          [&] { base::layer_norm_backward(d_y, x, scale, s, d_x, d_scale, d_shift); });
  }
  void linear(const_matrix x, weight w, const_numbers b, matrix y) const {
    timed("linear", 2 * rows(x) * elements(w.values), 0, [&] { base::linear(x, w, b, y); });
  }
  void linear_residual(const_matrix x, weight w, const_numbers b, const_matrix residual,
                       matrix y) const {
    timed("linear_residual", 2 * rows(x) * elements(w.values), 0,
          [&] { base::linear_residual(x, w, b, residual, y); });
  }
  void linear_backward(const_matrix d_y, const_matrix x, weight w, matrix d_x, gradients d_w,
                       numbers d_b) const {
    timed("linear_backward", 4 * rows(x) * elements(w.values), 0,
          [&] { base::linear_backward(d_y, x, w, d_x, d_w, d_b); });
  }
  void activate(prefopt::activation_function f, const_matrix x, matrix y) const {
    timed("activate again", 0, 8 * elements(x), [&] { base::activate(f, x, y); });
  }
  void linear_activate(const_matrix x, weight w, const_numbers b, prefopt::activation_function f,
                       matrix inner, matrix y) const {
    timed("linear_activate", 2 * rows(x) * elements(w.values), 0,
          [&] { base::linear_activate(x, w, b, f, inner, y); });
  }
  void activated_linear_backward(const_matrix d_y, const_matrix x, weight w,
                                 prefopt::activation_function f, const_matrix inner, matrix d_inner,
                                 gradients d_w, numbers d_b) const {
    timed("activated_linear_backward", 4 * rows(x) * elements(w.values), 0,
          [&] { base::activated_linear_backward(d_y, x, w, f, inner, d_inner, d_w, d_b); });
  }
  void tree_attention(const prefopt::attention_rows& r, const_heads q, const_heads k, const_heads v,
                      double scale, heads out, gradients log_sums) const {
    timed("tree_attention", 4 * pairs_of(r) * static_cast<double>(q.extent(1) * q.extent(2)), 0,
          [&] { base::tree_attention(r, q, k, v, scale, out, log_sums); });
  }
  void tree_attention_backward(const prefopt::attention_rows& r, const_heads q, const_heads k,
                               const_heads v, double scale, const_heads out, weights log_sums,
                               const_heads d_out, heads d_q, heads d_k, heads d_v) const {
    timed("tree_attention_backward",
          10 * pairs_of(r) * static_cast<double>(q.extent(1) * q.extent(2)), 0, [&] {
            base::tree_attention_backward(r, q, k, v, scale, out, log_sums, d_out, d_q, d_k, d_v);
          });
  }
  void head_log_probs(const_matrix hidden, weight_table w, const prefopt::head_targets& targets,
                      matrix logits, numbers log_sums, std::span<double> log_probs) const {
    timed("head_log_probs", 2 * rows(hidden) * elements(w), 0,
          [&] { base::head_log_probs(hidden, w, targets, logits, log_sums, log_probs); });
  }
  void head_backward(matrix logits, const_numbers log_sums, const prefopt::head_targets& targets,
                     std::span<const double> slopes, const_matrix hidden, weight_table w,
                     matrix d_hidden, gradients d_w) const {
    timed("head_backward", 4 * rows(hidden) * elements(w), 0, [&] {
      base::head_backward(logits, log_sums, targets, slopes, hidden, w, d_hidden, d_w);
    });
  }

 private:
  template <class Call>
  auto timed(const char* name, double flops, double bytes, const Call& call) const {
    entry& own = entries[name];
    ++own.calls;
    own.flops += flops;
    own.bytes += bytes;
    const double start = now();
    const auto stop = [&] {
      if (wait_behind_each) wait_behind_each();
      own.seconds += now() - start;
    };
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      stop();
    } else {
      auto result = call();
      stop();
      return result;
    }
  }
};

/// Prints the operations, sorted by their time over `steps` steps, which took `total` seconds in
/// all; `floor(entry)` is the minimum time for the entry's arithmetic.
template <class Floor>
void print_table(int steps, double total, const Floor& floor) {
  std::vector<std::pair<std::string, entry>> order(entries.begin(), entries.end());
  std::ranges::sort(order, std::greater<>(), [](const auto& one) { return one.second.seconds; });
  std::printf(
      "| operation | calls | ms a step | share | floor, ms | of the floor's speed |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: |\n");
  double floors = 0, known = 0;
  for (const auto& [name, e] : order) {
    floors += floor(e);
    known += e.seconds;
    std::printf("| %s | %ld | %.1f | %.1f%% | %.1f | %.0f%% |\n", name.c_str(), e.calls / steps,
                1e3 * e.seconds / steps, 100 * e.seconds / total, 1e3 * floor(e) / steps,
                100 * floor(e) / e.seconds);
  }
  std::printf("| all else | | %.1f | %.1f%% | | |\n", 1e3 * (total - known) / steps,
              100 * (total - known) / total);
  std::printf("| step | | %.1f | 100%% | %.1f | %.0f%% |\n", 1e3 * total / steps,
              1e3 * floors / steps, 100 * floors / total);
}

}  // namespace bench
