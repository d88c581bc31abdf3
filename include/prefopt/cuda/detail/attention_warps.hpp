// SPDX-License-Identifier: MIT
#pragma once
// Attention over a forest of rows for any head size, one warp per row: a query walks its ancestors'
// runs and then its own, with an online softmax (Milakov & Gimelshein 2018, arXiv:1805.02867,
// section 3); a key sums its gradient over the queries that see it, so no atomics are needed.
//
// Legend: q, out [Q, H, D], k, v [K, H, D], log_sums [Q, H].

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

/// Calls visit(key) for every key that a query sees, nearest run first.
template <class Visit>
PREFOPT_DEVICE void for_each_key(const tree_node* nodes, std::int32_t node, std::int32_t row,
                                 const Visit& visit) {
  for (std::int32_t key = nodes[node].begin; key <= row; ++key)
    visit(static_cast<std::size_t>(key));
  for (node = nodes[node].parent; node >= 0; node = nodes[node].parent)
    for (std::int32_t key = nodes[node].begin; key < nodes[node].end; ++key)
      visit(static_cast<std::size_t>(key));
}

/// Assigns out and log_sums.
template <class T>
struct attention_kernel {
  const tree_node* nodes;
  const std::int32_t* query_rows;
  const std::int32_t* query_nodes;
  device_heads<const T> q, k, v;
  unsigned heads, size;
  float scale;
  device_heads<T> out;
  device_rows<float> log_sums;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const unsigned lane = t.index() % warp_size, head = head_of_warp(t);
    const std::size_t query = t.block(0);
    if (head >= heads) return;
    const warp_head asks = warp_head::load(q.at(query, head), size, lane);
    warp_head sum;
    float top = -std::numeric_limits<float>::infinity(), weights = 0;
    for_each_key(nodes, query_nodes[query], query_rows[query], [&](std::size_t key) {
      const float score = scale * asks.dot(t, warp_head::load(k.at(key, head), size, lane));
      const float higher = std::fmax(top, score), factor = std::exp(top - higher),
                  weight = std::exp(score - higher);
      sum.blend(factor, weight, warp_head::load(v.at(key, head), size, lane));
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
  unsigned heads, size;
  float scale;
};

/// Assigns d_q, and to means [Q, H] the weighted mean of d score, which is d_out out (Dao et al.
/// 2022, arXiv:2205.14135, appendix B.2).
template <class T>
struct attention_query_backward_kernel {
  const tree_node* nodes;
  const std::int32_t* query_rows;
  const std::int32_t* query_nodes;
  attention_backward_input<T> in;
  device_heads<T> d_q;
  device_rows<float> means;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const unsigned lane = t.index() % warp_size, head = head_of_warp(t), size = in.size;
    const std::size_t query = t.block(0);
    if (head >= in.heads) return;
    const warp_head asks = warp_head::load(in.q.at(query, head), size, lane);
    const warp_head d = warp_head::load(in.d_out.at(query, head), size, lane);
    const float mean = d.dot(t, warp_head::load(in.out.at(query, head), size, lane));
    const float log_sum = in.log_sums[query][head];
    warp_head sum;
    for_each_key(nodes, query_nodes[query], query_rows[query], [&](std::size_t key) {
      const warp_head at_key = warp_head::load(in.k.at(key, head), size, lane);
      const float weight = std::exp(in.scale * asks.dot(t, at_key) - log_sum);
      const float d_score =
          weight * (d.dot(t, warp_head::load(in.v.at(key, head), size, lane)) - mean);
      sum.blend(1, in.scale * d_score, at_key);
    });
    sum.store(d_q.at(query, head), size, lane);
    if (lane == 0) means[query][head] = mean;
  }
};

/// Assigns d_k and d_v.
template <class T>
struct attention_key_backward_kernel {
  const std::int32_t* query_begin;
  const std::int32_t* query_end;
  attention_backward_input<T> in;
  device_rows<const float> means;
  device_heads<T> d_k, d_v;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const unsigned lane = t.index() % warp_size, head = head_of_warp(t), size = in.size;
    const std::size_t key = t.block(0);
    if (head >= in.heads) return;
    const warp_head at_key = warp_head::load(in.k.at(key, head), size, lane);
    const warp_head value = warp_head::load(in.v.at(key, head), size, lane);
    warp_head sum_k, sum_v;
    const auto begin = static_cast<std::size_t>(query_begin[key]),
               end = static_cast<std::size_t>(query_end[key]);
    for (std::size_t query = begin; query < end; ++query) {
      const warp_head asks = warp_head::load(in.q.at(query, head), size, lane);
      const warp_head d = warp_head::load(in.d_out.at(query, head), size, lane);
      const float weight = std::exp(in.scale * asks.dot(t, at_key) - in.log_sums[query][head]);
      const float d_score = weight * (d.dot(t, value) - means[query][head]);
      sum_v.blend(1, weight, d);
      sum_k.blend(1, in.scale * d_score, asks);
    }
    sum_k.store(d_k.at(key, head), size, lane);
    sum_v.store(d_v.at(key, head), size, lane);
  }
};

}  // namespace prefopt::inline v0_2::detail
