// SPDX-License-Identifier: MIT
#pragma once
// Attention in plain float64 loops, one row after another along its path: what the laws of windows
// and grouped queries compare with.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prefopt/backend/attention.hpp"
#include "laws/tree_attention_laws.hpp"

namespace prefopt::tests {

/// The rows from the root to `row`, itself included.
[[nodiscard]] inline std::vector<std::size_t> path_to(std::span<const tree_node> nodes,
                                                      std::size_t row) {
  std::vector<std::size_t> path;
  std::size_t node = 0;
  while (static_cast<std::size_t>(nodes[node].end) <= row) ++node;
  for (;;) {
    const tree_node& here = nodes[node];
    for (const auto begin = static_cast<std::size_t>(here.begin); row + 1 > begin; --row) {
      path.push_back(row);
      if (row == begin) break;
    }
    if (here.parent < 0) break;
    node = static_cast<std::size_t>(here.parent);
    row = static_cast<std::size_t>(nodes[node].end) - 1;
  }
  std::ranges::reverse(path);
  return path;
}

/// The rows that attend, in the order of the queries.
[[nodiscard]] inline std::vector<std::size_t> attending_rows(const attention_rows& rows) {
  std::vector<std::size_t> all(rows.queries.begin(), rows.queries.end());
  if (all.empty())
    for (auto row = rows.first_row; row < static_cast<std::size_t>(rows.nodes.back().end); ++row)
      all.push_back(row);
  return all;
}

/// One query of one head: its offset in q, and those of its keys in k and v.
struct plain_query {
  const attention_inputs& in;
  std::size_t at;
  std::vector<std::size_t> keys;

  [[nodiscard]] double product(const numbers& left, std::size_t i, const numbers& right,
                               std::size_t j) const {
    double sum = 0;
    for (std::size_t c = 0; c < in.channels; ++c) sum += left[i + c] * right[j + c];
    return sum;
  }
  void add(numbers& to, std::size_t i, double factor, const numbers& from, std::size_t j) const {
    for (std::size_t c = 0; c < in.channels; ++c) to[i + c] += factor * from[j + c];
  }
  /// Returns the log-sum and adds to the rest.
  double run(attention_results& all) const {
    numbers weights, d_weights;
    double sum = 0, mean = 0;
    for (const std::size_t key : keys) {
      weights.push_back(std::exp(attention_scale * product(in.q, at, in.k, key)));
      d_weights.push_back(product(in.d, at, in.v, key));
      sum += weights.back();
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      weights[i] /= sum;
      mean += weights[i] * d_weights[i];
      add(all.out, at, weights[i], in.v, keys[i]);
    }
    for (std::size_t i = 0; i < keys.size() && !all.d_q.empty(); ++i) {
      const double d_score = attention_scale * weights[i] * (d_weights[i] - mean);
      add(all.d_q, at, d_score, in.k, keys[i]);
      add(all.d_k, keys[i], d_score, in.q, at);
      add(all.d_v, keys[i], weights[i], in.d, at);
    }
    return std::log(sum);
  }
};

/// What tree_attention and its backward pass must give; no backward pass for first_row > 0.
[[nodiscard]] inline attention_results plain_attention(const attention_rows& rows,
                                                       const attention_inputs& in) {
  attention_results all{.out = numbers(in.q.size())};
  if (rows.first_row == 0) {
    all.d_q.resize(in.q.size());
    all.d_k.resize(in.k.size());
    all.d_v.resize(in.v.size());
  }
  const std::vector<std::size_t> queries = attending_rows(rows);
  for (std::size_t query = 0; query < queries.size(); ++query) {
    std::vector<std::size_t> seen = path_to(rows.nodes, queries[query]);
    if (rows.window != 0 && seen.size() > rows.window)
      seen.erase(seen.begin(), seen.end() - static_cast<std::ptrdiff_t>(rows.window));
    for (std::size_t head = 0; head < in.heads; ++head) {
      const std::size_t key_head = head / (in.heads / in.key_heads);
      plain_query one{in, (query * in.heads + head) * in.channels, {}};
      for (const std::size_t row : seen)
        one.keys.push_back((row * in.key_heads + key_head) * in.channels);
      all.log_sums.push_back(one.run(all));
    }
  }
  return all;
}

}  // namespace prefopt::tests
