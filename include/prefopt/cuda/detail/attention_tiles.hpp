// SPDX-License-Identifier: MIT
#pragma once
// Attention over a forest of rows on tensor cores, for bfloat16 and heads of 64 or 128 channels
// (Dao 2023, arXiv:2307.08691, algorithm 1, over the tiles that a tree leaves). A block handles one
// head and a tile of 64 queries, and visits the tiles of keys that the queries see. Each of its
// four warps has 16 queries.
//
// Legend: q, out [Q, H, D], k, v [K, H / group, D], log_sums [Q, H].

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "prefopt/cuda/detail/attention_plan.hpp"
#include "prefopt/cuda/detail/kernel.hpp"
#include "prefopt/cuda/detail/tile_fragments.hpp"

namespace prefopt::inline v0_2::detail {

/// Whether a query sees `key`, which is seen by rows before `until` only.
[[nodiscard]] PREFOPT_DEVICE inline bool sees(row_span query, std::int32_t key,
                                              std::int32_t until) {
  return query.first <= key && key <= query.last && query.last < until;
}

/// Sum over the four threads that share a row of a result; all of them must call.
template <class Thread>
[[nodiscard]] PREFOPT_DEVICE float sum_of_row(const Thread& t, float x) {
  x += t.shuffle_xor(x, 1);
  return x + t.shuffle_xor(x, 2);
}
template <class Thread>
[[nodiscard]] PREFOPT_DEVICE float max_of_row(const Thread& t, float x) {
  x = std::fmax(x, t.shuffle_xor(x, 1));
  return std::fmax(x, t.shuffle_xor(x, 2));
}

/// Assigns out and log_sums.
template <unsigned Size>
struct attention_tiles_kernel {
  const std::int32_t* key_tiles;
  const std::int32_t* key_tile_begins;
  const row_span* query_spans;
  const std::int32_t* seen_until;
  std::size_t queries, keys;
  unsigned group;
  device_heads<const bfloat16> q, k, v;
  float scale;
  device_heads<bfloat16> out;
  device_rows<float> log_sums;

  static constexpr std::size_t shared_bytes =
      2 * tile_elements(tile_rows, Size) * sizeof(bfloat16) +
      tile_elements(Size, tile_rows) * sizeof(bfloat16) + tile_rows * sizeof(std::int32_t);

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    auto* memory = reinterpret_cast<bfloat16*>(t.shared());
    const shared_tile asks{memory, Size + tile_padding};
    const shared_tile at_keys{memory += tile_elements(tile_rows, Size), Size + tile_padding};
    const shared_tile values{memory += tile_elements(tile_rows, Size), tile_rows + tile_padding};
    auto* const until = reinterpret_cast<std::int32_t*>(memory + tile_elements(Size, tile_rows));

    const unsigned tile = t.block(0), head = t.block(1), key_head = head / group,
                   own = t.index() / warp_size * 16;
    const fragment_offset at(t.index() % warp_size);
    const std::size_t first = std::size_t{tile} * tile_rows, query = first + own + at.row;
    const row_span spans[2] = {query < queries ? query_spans[query] : row_span{},
                               query + 8 < queries ? query_spans[query + 8] : row_span{}};
    load_tile<Size>(t, q, head, first, queries, asks);

    float sums[Size / 8][4] = {}, top[2] = {-infinity, -infinity}, weights[2] = {};
    for (std::int32_t visit = key_tile_begins[tile]; visit < key_tile_begins[tile + 1]; ++visit) {
      const std::size_t first_key = static_cast<std::size_t>(key_tiles[visit]) * tile_rows;
      t.sync();  // all threads are done with the previous tile
      load_tile<Size>(t, k, key_head, first_key, keys, at_keys);
      load_transposed<Size>(t, v, key_head, first_key, keys, values);
      if (t.index() < tile_rows) {
        const std::size_t key = first_key + t.index();
        until[t.index()] = key < keys ? seen_until[key] : 0;
      }
      t.sync();

      float scores[tile_rows / 8][4] = {};
      for (unsigned depth = 0; depth < Size; depth += 16) {
        const left_fragment left(asks, own, depth, at);
        for (unsigned j = 0; j < tile_rows / 8; ++j)
          t.mma(scores[j], left.words, right_fragment(at_keys, 8 * j, depth, at).words);
      }
      float highest[2] = {top[0], top[1]};
      for (unsigned j = 0; j < tile_rows / 8; ++j)
        for (unsigned i = 0; i < 4; ++i) {
          const unsigned column = 8 * j + at.column + i % 2;
          const bool seen =
              sees(spans[i / 2], static_cast<std::int32_t>(first_key + column), until[column]);
          scores[j][i] = seen ? scale * scores[j][i] : -infinity;
          highest[i / 2] = std::fmax(highest[i / 2], scores[j][i]);
        }
      for (unsigned r = 0; r < 2; ++r) {
        highest[r] = max_of_row(t, highest[r]);
        // A row that has not seen any key has no top: any finite number keeps its weights 0.
        const float base = highest[r] == -infinity ? 0 : highest[r];
        const float factor = std::exp(top[r] - base);
        top[r] = highest[r];
        highest[r] = base;
        weights[r] *= factor;
        for (unsigned j = 0; j < Size / 8; ++j) {
          sums[j][2 * r] *= factor;
          sums[j][2 * r + 1] *= factor;
        }
      }
      for (unsigned j = 0; j < tile_rows / 8; ++j)
        for (unsigned i = 0; i < 4; ++i) {
          scores[j][i] = std::exp(scores[j][i] - highest[i / 2]);
          weights[i / 2] += scores[j][i];
        }
      for (unsigned j = 0; j < tile_rows / 16; ++j) {
        const left_fragment left(scores[2 * j], scores[2 * j + 1]);
        for (unsigned n = 0; n < Size / 8; ++n)
          t.mma(sums[n], left.words, right_fragment(values, 8 * n, 16 * j, at).words);
      }
    }

    for (unsigned r = 0; r < 2; ++r) {
      const float all = sum_of_row(t, weights[r]);
      if (spans[r].last < 0) continue;
      const std::size_t at_query = query + 8 * r;
      for (unsigned n = 0; n < Size / 8; ++n)
        *reinterpret_cast<std::uint32_t*>(out.at(at_query, head) + 8 * n + at.column) =
            packed(sums[n][2 * r] / all, sums[n][2 * r + 1] / all);
      if (at.column == 0) log_sums[at_query][head] = top[r] + std::log(all);
    }
  }

 private:
  static constexpr float infinity = std::numeric_limits<float>::infinity();
};

}  // namespace prefopt::inline v0_2::detail
