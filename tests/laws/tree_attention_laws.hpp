// SPDX-License-Identifier: MIT
#pragma once
// Attention over random forests in bfloat16 against the CPU's in float64, on any backend whose
// activations are bfloat16.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/eigen.hpp"
#include "laws/transformer_backend_laws.hpp"

namespace prefopt::tests {

/// A forest of `count` nodes with runs of up to `longest` rows.
[[nodiscard]] inline std::vector<tree_node> random_forest(random_generator& random,
                                                          std::size_t count, std::size_t longest) {
  std::vector<tree_node> nodes;
  std::vector<std::int32_t> path;  // from the root to the node before
  for (std::size_t i = 0; i < count; ++i) {
    path.resize(random.below(path.size() + 1));
    const std::int32_t begin = nodes.empty() ? 0 : nodes.back().end;
    const auto length = static_cast<std::int32_t>(1 + random.below(longest));
    nodes.push_back({path.empty() ? -1 : path.back(), begin, begin + length, begin + length});
    for (const std::int32_t above : path)
      nodes[static_cast<std::size_t>(above)].subtree_end = begin + length;
    path.push_back(static_cast<std::int32_t>(i));
  }
  return nodes;
}

/// Whether the row sees the key: it is the row's own node up to itself, or a node above.
[[nodiscard]] inline bool sees(const std::vector<tree_node>& nodes, std::int32_t row,
                               std::int32_t key) {
  const auto of = [&](std::int32_t r) {
    return static_cast<std::int32_t>(
        std::ranges::find_if(nodes, [&](const tree_node& n) { return n.begin <= r && r < n.end; }) -
        nodes.begin());
  };
  if (key > row) return false;
  for (std::int32_t node = of(row); node >= 0; node = nodes[static_cast<std::size_t>(node)].parent)
    if (node == of(key)) return true;
  return false;
}

[[nodiscard]] inline std::vector<std::int32_t> some_of(random_generator& random,
                                                       std::int32_t rows) {
  std::vector<std::int32_t> named;
  for (std::int32_t row = 0; row < rows; ++row)
    if (random.below(3) == 0) named.push_back(row);
  if (named.empty()) named.push_back(rows - 1);
  return named;
}

struct attention_results {
  numbers out = {}, log_sums = {}, d_q = {}, d_k = {}, d_v = {};
};

struct attention_inputs {
  std::size_t heads, key_heads, channels;
  numbers q = {}, k = {}, v = {}, d = {};
};

inline constexpr double attention_scale = 0.1;

[[nodiscard]] inline attention_inputs random_attention_inputs(random_generator& random,
                                                              std::size_t queries, std::size_t keys,
                                                              std::size_t channels,
                                                              std::size_t heads = 2,
                                                              std::size_t key_heads = 2) {
  attention_inputs in{.heads = heads, .key_heads = key_heads, .channels = channels};
  const std::size_t q_size = queries * heads * channels, k_size = keys * key_heads * channels;
  for (auto [values, size] :
       {std::pair{&in.q, q_size}, {&in.k, k_size}, {&in.v, k_size}, {&in.d, q_size}}) {
    values->resize(size);
    for (double& value : *values)  // what every backend can represent
      value =
          static_cast<double>(static_cast<float>(bfloat16(static_cast<float>(random.normal()))));
  }
  return in;
}

template <class Backend>
[[nodiscard]] attention_results attend(const Backend& on, const attention_rows& rows,
                                       const attention_inputs& in) {
  activations<Backend> q(on, in.q), k(on, in.k), v(on, in.v), d(on, in.d);
  auto out = rubbish<activations<Backend>>(on, in.q.size());
  auto log_sums = rubbish<on_backend<Backend>>(on, in.q.size() / in.channels);
  const auto heads = [&](auto& values) { return values.heads(in.heads, in.channels); };
  const auto key_heads = [&](auto& values) { return values.heads(in.key_heads, in.channels); };
  on.tree_attention(rows, heads(q), key_heads(k), key_heads(v), attention_scale, heads(out),
                    log_sums.matrix(in.heads));
  attention_results all{.out = out.host(), .log_sums = log_sums.host()};
  if (rows.first_row != 0) return all;
  auto d_q = rubbish<activations<Backend>>(on, in.q.size()),
       d_k = rubbish<activations<Backend>>(on, in.k.size()),
       d_v = rubbish<activations<Backend>>(on, in.v.size());
  on.tree_attention_backward(rows, heads(q), key_heads(k), key_heads(v), attention_scale,
                             heads(out), log_sums.matrix(in.heads), heads(d), heads(d_q),
                             key_heads(d_k), key_heads(d_v));
  return {all.out, all.log_sums, d_q.host(), d_k.host(), d_v.host()};
}

// Weights, d scores and results are rounded to 2^-9 of themselves; `out`, which the backward pass
// reads, is rounded too.
inline constexpr double attention_rounding = 4.0 / 512;

inline void check_close(const attention_results& got, const attention_results& expected) {
  BOOST_TEST(distance(got.out, expected.out) <= attention_rounding);
  BOOST_TEST(distance(got.log_sums, expected.log_sums) <= 1e-5);
  if (expected.d_q.empty()) return;
  BOOST_TEST(distance(got.d_q, expected.d_q) <= attention_rounding);
  BOOST_TEST(distance(got.d_k, expected.d_k) <= attention_rounding);
  BOOST_TEST(distance(got.d_v, expected.d_v) <= attention_rounding);
}

/// Attention over a random forest in bfloat16, of all rows and of named ones. A backend may have
/// tensor cores for heads of 64 and 128 channels.
template <class Backend>
void wide_heads_agree_with_float64(const Backend& on, std::size_t channels, std::size_t longest) {
  random_generator random(6);
  const auto nodes = random_forest(random, 6, longest);
  const std::int32_t rows = nodes.back().end;
  const auto named = some_of(random, rows);
  const auto keys = static_cast<std::size_t>(rows);
  for (const attention_rows& looking :
       {attention_rows{.nodes = nodes}, attention_rows{.nodes = nodes, .queries = named}}) {
    const std::size_t queries = looking.queries.empty() ? keys : looking.queries.size();
    const auto in = random_attention_inputs(random, queries, keys, channels);
    check_close(attend(on, looking, in), attend(eigen_backend<double>{}, looking, in));
  }
}

/// A query that continues from existing keys and values.
template <class Backend>
void wide_heads_continue_from_cached_rows(const Backend& on) {
  random_generator random(7);
  const std::vector<tree_node> chain{{-1, 0, 100, 100}};
  const attention_rows rows{.nodes = chain, .first_row = 97};
  const auto in = random_attention_inputs(random, 3, 100, 64);
  check_close(attend(on, rows, in), attend(eigen_backend<double>{}, rows, in));
}

}  // namespace prefopt::tests
