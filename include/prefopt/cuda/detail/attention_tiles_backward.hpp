// SPDX-License-Identifier: MIT
#pragma once
// The backward pass of attention_tiles.hpp (Dao 2023, arXiv:2307.08691, algorithm 2), as two
// kernels that each assign their own outputs, without atomics: tiles of queries sum d_q over the
// keys that they see, tiles of keys sum d_k and d_v over the queries of their group that see them.
// Scores are recomputed from the log-sums.
//
// Legend: q, out, d_out, d_q [Q, H, D], k, v, d_k, d_v [K, H / group, D], log_sums, means [Q, H].

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "prefopt/cuda/detail/attention_tiles.hpp"
#include "prefopt/cuda/detail/attention_warps.hpp"

namespace prefopt::inline v0_2::detail {

/// means = d_out out: the weighted mean of d score.
struct attention_means_kernel {
  device_heads<const bfloat16> out, d_out;
  unsigned heads, size;
  device_rows<float> means;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const unsigned lane = t.index() % warp_size, head = head_of_warp(t);
    const std::size_t query = t.block(0);
    if (head >= heads) return;
    const float mean = warp_head::load(d_out.at(query, head), size, lane)
                           .dot(t, warp_head::load(out.at(query, head), size, lane));
    if (lane == 0) means[query][head] = mean;
  }
};

/// The inputs of both kernels.
struct attention_tiles_input {
  const row_span* query_spans;
  const std::int32_t* seen_until;
  std::size_t queries, keys;
  unsigned group;
  device_heads<const bfloat16> q, k, v, d_out;
  device_rows<const float> log_sums, means;
  float scale;

  /// Turns scores q k and d weights d_out v into weights and d scores, in place.
  PREFOPT_DEVICE static void to_weights(float& score, float& d_weight, bool seen, float scale,
                                        float log_sum, float mean) {
    score = seen ? std::exp(scale * score - log_sum) : 0;
    d_weight = score * (d_weight - mean) * scale;
  }
};

/// Writes the 16 rows of a warp's result [16, Size], only those before `rows`.
template <unsigned Size>
PREFOPT_DEVICE void store_rows(const float (&result)[Size / 8][4], device_heads<bfloat16> to,
                               unsigned head, std::size_t first, std::size_t rows,
                               fragment_offset at) {
  for (unsigned r = 0; r < 2; ++r)
    if (const std::size_t row = first + at.row + 8 * r; row < rows)
      for (unsigned n = 0; n < Size / 8; ++n)
        *reinterpret_cast<std::uint32_t*>(to.at(row, head) + 8 * n + at.column) =
            packed(result[n][2 * r], result[n][2 * r + 1]);
}

/// Assigns d_q.
template <unsigned Size>
struct attention_tiles_query_backward_kernel {
  const std::int32_t* key_tiles;
  const std::int32_t* key_tile_begins;
  attention_tiles_input in;
  device_heads<bfloat16> d_q;

  static constexpr std::size_t shared_bytes =
      4 * tile_elements(tile_rows, Size) * sizeof(bfloat16) +
      tile_elements(Size, tile_rows) * sizeof(bfloat16) + tile_rows * sizeof(std::int32_t);

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    auto* memory = reinterpret_cast<bfloat16*>(t.shared());
    const shared_tile asks{memory, Size + tile_padding};
    const shared_tile d{memory += tile_elements(tile_rows, Size), Size + tile_padding};
    const shared_tile at_keys{memory += tile_elements(tile_rows, Size), Size + tile_padding};
    const shared_tile values{memory += tile_elements(tile_rows, Size), Size + tile_padding};
    const shared_tile keys_across{memory += tile_elements(tile_rows, Size),
                                  tile_rows + tile_padding};
    auto* const until = reinterpret_cast<std::int32_t*>(memory + tile_elements(Size, tile_rows));

    const unsigned tile = t.block(0), head = t.block(1), own = t.index() / warp_size * 16;
    const fragment_offset at(t.index() % warp_size);
    const std::size_t first = std::size_t{tile} * tile_rows;
    row_span spans[2];
    float log_sum[2], mean[2];
    for (unsigned r = 0; r < 2; ++r) {
      const std::size_t query = first + own + at.row + 8 * r;
      const bool there = query < in.queries;
      spans[r] = there ? in.query_spans[query] : row_span{};
      log_sum[r] = there ? in.log_sums[query][head] : 0;
      mean[r] = there ? in.means[query][head] : 0;
    }
    load_tile<Size>(t, in.q, head, first, in.queries, asks);
    load_tile<Size>(t, in.d_out, head, first, in.queries, d);

    float result[Size / 8][4] = {};
    for (std::int32_t visit = key_tile_begins[tile]; visit < key_tile_begins[tile + 1]; ++visit) {
      const std::size_t first_key = static_cast<std::size_t>(key_tiles[visit]) * tile_rows;
      t.sync();  // all threads are done with the previous tile
      load_tile<Size>(t, in.k, head / in.group, first_key, in.keys, at_keys);
      load_tile<Size>(t, in.v, head / in.group, first_key, in.keys, values);
      load_transposed<Size>(t, in.k, head / in.group, first_key, in.keys, keys_across);
      if (t.index() < tile_rows) {
        const std::size_t key = first_key + t.index();
        until[t.index()] = key < in.keys ? in.seen_until[key] : 0;
      }
      t.sync();
      // 16 keys at a time, to save registers
      for (unsigned column = 0; column < tile_rows; column += 16) {
        float scores[2][4] = {}, d_scores[2][4] = {};
        for (unsigned depth = 0; depth < Size; depth += 16) {
          const left_fragment query(asks, own, depth, at), d_query(d, own, depth, at);
          for (unsigned j = 0; j < 2; ++j) {
            t.mma(scores[j], query.words, right_fragment(at_keys, column + 8 * j, depth, at).words);
            t.mma(d_scores[j], d_query.words,
                  right_fragment(values, column + 8 * j, depth, at).words);
          }
        }
        for (unsigned j = 0; j < 2; ++j)
          for (unsigned i = 0; i < 4; ++i) {
            const unsigned key = column + 8 * j + at.column + i % 2;
            const bool seen =
                sees(spans[i / 2], static_cast<std::int32_t>(first_key + key), until[key]);
            in.to_weights(scores[j][i], d_scores[j][i], seen, in.scale, log_sum[i / 2],
                          mean[i / 2]);
          }
        const left_fragment left(d_scores[0], d_scores[1]);
        for (unsigned n = 0; n < Size / 8; ++n)
          t.mma(result[n], left.words, right_fragment(keys_across, 8 * n, column, at).words);
      }
    }
    store_rows<Size>(result, d_q, head, first + own, in.queries, at);
  }
};

/// Assigns d_k and d_v. The products are those of the other kernel, transposed: a warp has 16 keys,
/// columns are queries, of one head of the group after the other.
template <unsigned Size>
struct attention_tiles_key_backward_kernel {
  const std::int32_t* query_tile_begin;
  const std::int32_t* query_tile_end;
  attention_tiles_input in;
  device_heads<bfloat16> d_k, d_v;

  static constexpr std::size_t shared_bytes =
      4 * tile_elements(tile_rows, Size) * sizeof(bfloat16) +
      2 * tile_elements(Size, tile_rows) * sizeof(bfloat16) +
      tile_rows * (sizeof(row_span) + 2 * sizeof(float));

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    auto* memory = reinterpret_cast<bfloat16*>(t.shared());
    const shared_tile at_keys{memory, Size + tile_padding};
    const shared_tile values{memory += tile_elements(tile_rows, Size), Size + tile_padding};
    const shared_tile asks{memory += tile_elements(tile_rows, Size), Size + tile_padding};
    const shared_tile d{memory += tile_elements(tile_rows, Size), Size + tile_padding};
    const shared_tile asks_across{memory += tile_elements(tile_rows, Size),
                                  tile_rows + tile_padding};
    const shared_tile d_across{memory += tile_elements(Size, tile_rows), tile_rows + tile_padding};
    auto* const spans = reinterpret_cast<row_span*>(memory + tile_elements(Size, tile_rows));
    auto* const log_sum = reinterpret_cast<float*>(spans + tile_rows);
    float* const mean = log_sum + tile_rows;

    const unsigned tile = t.block(0), key_head = t.block(1), own = t.index() / warp_size * 16;
    const fragment_offset at(t.index() % warp_size);
    const std::size_t first = std::size_t{tile} * tile_rows, key = first + own + at.row;
    const std::int32_t until[2] = {key < in.keys ? in.seen_until[key] : 0,
                                   key + 8 < in.keys ? in.seen_until[key + 8] : 0};
    load_tile<Size>(t, in.k, key_head, first, in.keys, at_keys);
    load_tile<Size>(t, in.v, key_head, first, in.keys, values);

    float d_keys[Size / 8][4] = {}, d_values[Size / 8][4] = {};
    for (unsigned head = key_head * in.group; head < (key_head + 1) * in.group; ++head)
      for (std::int32_t visit = query_tile_begin[tile]; visit < query_tile_end[tile]; ++visit) {
        const std::size_t first_query = static_cast<std::size_t>(visit) * tile_rows;
        t.sync();  // all threads are done with the previous tile
        load_tile<Size>(t, in.q, head, first_query, in.queries, asks);
        load_tile<Size>(t, in.d_out, head, first_query, in.queries, d);
        load_transposed<Size>(t, in.q, head, first_query, in.queries, asks_across);
        load_transposed<Size>(t, in.d_out, head, first_query, in.queries, d_across);
        if (t.index() < tile_rows) {
          const std::size_t query = first_query + t.index();
          const bool there = query < in.queries;
          spans[t.index()] = there ? in.query_spans[query] : row_span{};
          log_sum[t.index()] = there ? in.log_sums[query][head] : 0;
          mean[t.index()] = there ? in.means[query][head] : 0;
        }
        t.sync();
        for (unsigned column = 0; column < tile_rows; column += 16) {
          float scores[2][4] = {}, d_scores[2][4] = {};
          for (unsigned depth = 0; depth < Size; depth += 16) {
            const left_fragment of_key(at_keys, own, depth, at), of_value(values, own, depth, at);
            for (unsigned j = 0; j < 2; ++j) {
              t.mma(scores[j], of_key.words, right_fragment(asks, column + 8 * j, depth, at).words);
              t.mma(d_scores[j], of_value.words,
                    right_fragment(d, column + 8 * j, depth, at).words);
            }
          }
          for (unsigned j = 0; j < 2; ++j)
            for (unsigned i = 0; i < 4; ++i) {
              const unsigned query = column + 8 * j + at.column + i % 2;
              const bool seen =
                  sees(spans[query], static_cast<std::int32_t>(key + 8 * (i / 2)), until[i / 2]);
              in.to_weights(scores[j][i], d_scores[j][i], seen, in.scale, log_sum[query],
                            mean[query]);
            }
          const left_fragment weights(scores[0], scores[1]), d_weights(d_scores[0], d_scores[1]);
          for (unsigned n = 0; n < Size / 8; ++n) {
            t.mma(d_values[n], weights.words, right_fragment(d_across, 8 * n, column, at).words);
            t.mma(d_keys[n], d_weights.words, right_fragment(asks_across, 8 * n, column, at).words);
          }
        }
      }
    store_rows<Size>(d_keys, d_k, key_head, first + own, in.keys, at);
    store_rows<Size>(d_values, d_v, key_head, first + own, in.keys, at);
  }
};

}  // namespace prefopt::inline v0_2::detail
