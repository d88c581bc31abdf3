// SPDX-License-Identifier: MIT
#pragma once
// Attention over a forest of rows for any head size, one warp per row and head: a query walks its
// path from itself to the first row that it sees, with an online softmax (Milakov & Gimelshein
// 2018, arXiv:1805.02867, section 3), so the order of its sums depends on nothing but its path; a
// key sums its gradient over the queries that see it, group by group, so no atomics are needed.
//
// Legend: q, out [Q, H, D], k, v [K, H / group, D], log_sums [Q, H].

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "prefopt/cuda/detail/attention_plan.hpp"
#include "prefopt/cuda/detail/kernel.hpp"

namespace prefopt::inline v0_2::detail {

/// A head's channels in the registers of a warp: lane l holds channels l, l + 32, ...
struct warp_head {
  static constexpr unsigned channels_a_lane = 8, most_channels = channels_a_lane * warp_size;

  float own[channels_a_lane] = {};

  template <class T>
  [[nodiscard]] PREFOPT_DEVICE static warp_head load(const T* head, unsigned size, unsigned lane) {
    warp_head values;
    for (unsigned i = 0; i < channels_a_lane; ++i)
      if (const unsigned channel = i * warp_size + lane; channel < size)
        values.own[i] = widen(head[channel]);
    return values;
  }
  template <class T>
  PREFOPT_DEVICE void store(T* head, unsigned size, unsigned lane) const {
    for (unsigned i = 0; i < channels_a_lane; ++i)
      if (const unsigned channel = i * warp_size + lane; channel < size)
        head[channel] = narrow<T>(own[i]);
  }
  template <class Thread>
  [[nodiscard]] PREFOPT_DEVICE float dot(const Thread& t, const warp_head& other) const {
    float sum = 0;
    for (unsigned i = 0; i < channels_a_lane; ++i) sum += own[i] * other.own[i];
    return t.warp_sum(sum);
  }
  /// own = factor * own + weight * other.
  PREFOPT_DEVICE void blend(float factor, float weight, const warp_head& other) {
    for (unsigned i = 0; i < channels_a_lane; ++i) own[i] = factor * own[i] + weight * other.own[i];
  }
};

/// One warp for each row and head.
[[nodiscard]] inline launch_shape a_warp_a_row_and_head(std::size_t rows, std::size_t heads) {
  return {.blocks = {static_cast<unsigned>(rows), blocks_for(heads, 4), 1},
          .threads = 4 * warp_size};
}
template <class Thread>
[[nodiscard]] PREFOPT_DEVICE unsigned head_of_warp(const Thread& t) {
  return t.block(1) * 4 + t.index() / warp_size;
}

/// Calls visit(key) for every key that a query of `node` sees, the nearest first.
template <class Visit>
PREFOPT_DEVICE void for_each_key(const tree_node* nodes, std::int32_t node, row_span seen,
                                 const Visit& visit) {
  for (std::int32_t key = seen.last; key >= seen.first;) {
    const std::int32_t begin = nodes[node].begin, end = begin < seen.first ? seen.first : begin;
    for (; key >= end; --key) visit(static_cast<std::size_t>(key));
    node = nodes[node].parent;
    if (node < 0) return;
    key = nodes[node].end - 1;
  }
}

/// Assigns out and log_sums.
template <class T>
struct attention_kernel {
  const tree_node* nodes;
  const row_span* query_spans;
  const std::int32_t* query_nodes;
  device_heads<const T> q, k, v;
  unsigned heads, group, size;
  float scale;
  device_heads<T> out;
  device_rows<float> log_sums;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const unsigned lane = t.index() % warp_size, head = head_of_warp(t);
    const std::size_t query = t.block(0);
    if (head >= heads) return;
    const unsigned key_head = head / group;
    const warp_head asks = warp_head::load(q.at(query, head), size, lane);
    warp_head sum;
    float top = -std::numeric_limits<float>::infinity(), weights = 0;
    for_each_key(nodes, query_nodes[query], query_spans[query], [&](std::size_t key) {
      const float score = scale * asks.dot(t, warp_head::load(k.at(key, key_head), size, lane));
      const float higher = std::fmax(top, score), factor = std::exp(top - higher),
                  weight = std::exp(score - higher);
      sum.blend(factor, weight, warp_head::load(v.at(key, key_head), size, lane));
      weights = factor * weights + weight;
      top = higher;
    });
    sum.blend(1 / weights, 0, sum);
    sum.store(out.at(query, head), size, lane);
    if (lane == 0) log_sums[query][head] = top + std::log(weights);
  }
};

/// The inputs of both halves of the backward pass.
template <class T>
struct attention_backward_input {
  device_heads<const T> q, k, v, out, d_out;
  device_rows<const float> log_sums;
  unsigned heads, group, size;
  float scale;
};

/// Assigns d_q, and to means [Q, H] the weighted mean of d score, which is d_out out (Dao et al.
/// 2022, arXiv:2205.14135, appendix B.2).
template <class T>
struct attention_query_backward_kernel {
  const tree_node* nodes;
  const row_span* query_spans;
  const std::int32_t* query_nodes;
  attention_backward_input<T> in;
  device_heads<T> d_q;
  device_rows<float> means;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const unsigned lane = t.index() % warp_size, head = head_of_warp(t), size = in.size;
    const std::size_t query = t.block(0);
    if (head >= in.heads) return;
    const unsigned key_head = head / in.group;
    const warp_head asks = warp_head::load(in.q.at(query, head), size, lane);
    const warp_head d = warp_head::load(in.d_out.at(query, head), size, lane);
    const float mean = d.dot(t, warp_head::load(in.out.at(query, head), size, lane));
    const float log_sum = in.log_sums[query][head];
    warp_head sum;
    for_each_key(nodes, query_nodes[query], query_spans[query], [&](std::size_t key) {
      const warp_head at_key = warp_head::load(in.k.at(key, key_head), size, lane);
      const float weight = std::exp(in.scale * asks.dot(t, at_key) - log_sum);
      const float d_score =
          weight * (d.dot(t, warp_head::load(in.v.at(key, key_head), size, lane)) - mean);
      sum.blend(1, in.scale * d_score, at_key);
    });
    sum.store(d_q.at(query, head), size, lane);
    if (lane == 0) means[query][head] = mean;
  }
};

/// Assigns d_k and d_v.
template <class T>
struct attention_key_backward_kernel {
  const tree_node* nodes;
  const row_span* query_spans;
  const std::int32_t* query_nodes;
  const std::int32_t* query_begin;
  const std::int32_t* query_end;
  bool nested;
  attention_backward_input<T> in;
  device_rows<const float> means;
  device_heads<T> d_k, d_v;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const unsigned lane = t.index() % warp_size, key_head = head_of_warp(t), size = in.size;
    const std::size_t key = t.block(0);
    if (key_head >= in.heads / in.group) return;
    const warp_head at_key = warp_head::load(in.k.at(key, key_head), size, lane);
    const warp_head value = warp_head::load(in.v.at(key, key_head), size, lane);
    warp_head sum_k, sum_v;
    const auto begin = static_cast<std::size_t>(query_begin[key]),
               end = static_cast<std::size_t>(query_end[key]);
    for (unsigned head = key_head * in.group; head < (key_head + 1) * in.group; ++head)
      for (std::size_t query = begin; query < end; ++query) {
        if (!sees(query, static_cast<std::int32_t>(key))) continue;
        const warp_head asks = warp_head::load(in.q.at(query, head), size, lane);
        const warp_head d = warp_head::load(in.d_out.at(query, head), size, lane);
        const float weight = std::exp(in.scale * asks.dot(t, at_key) - in.log_sums[query][head]);
        const float d_score = weight * (d.dot(t, value) - means[query][head]);
        sum_v.blend(1, weight, d);
        sum_k.blend(1, in.scale * d_score, asks);
      }
    sum_k.store(d_k.at(key, key_head), size, lane);
    sum_v.store(d_v.at(key, key_head), size, lane);
  }

 private:
  /// Whether a query in the key's interval sees it.
  [[nodiscard]] PREFOPT_DEVICE bool sees(std::size_t query, std::int32_t key) const {
    if (query_spans[query].first > key) return false;
    if (nested) return true;
    std::int32_t node = query_nodes[query];
    while (node >= 0 && nodes[node].begin > key) node = nodes[node].parent;
    return node >= 0 && key < nodes[node].end;
  }
};

}  // namespace prefopt::inline v0_2::detail
