// SPDX-License-Identifier: MIT
#pragma once
// Token and position embedding. The backward pass groups rows by token on the host, so that one
// block sums each gradient row in a fixed order: no atomics, the same bits every time.
//
// Legend: N rows, C channels, V vocabulary, P positions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

/// out [N, C] = wte[token] + wpe[position], or wte[token] if not `positional`.
template <class T, class Table>
struct embedding_kernel {
  const std::int32_t* tokens;     // [N]
  const std::int32_t* positions;  // [N]
  device_rows<const Table> wte, wpe;
  bool positional;
  device_rows<T> out;
  std::size_t columns;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t), row = t.block(0);
    if (column >= columns) return;
    float sum = widen(wte[static_cast<std::size_t>(tokens[row])][column]);
    if (positional) sum += widen(wpe[static_cast<std::size_t>(positions[row])][column]);
    out[row][column] = narrow<T>(sum);
  }
};

/// Rows grouped by key: group g has the rows order[begins[g] .. begins[g + 1]), ascending, and the
/// key keys[g].
struct row_groups {
  std::vector<std::int32_t> order;   // [N]
  std::vector<std::int32_t> begins;  // [G + 1]
  std::vector<std::int32_t> keys;    // [G]

  explicit row_groups(std::span<const std::int32_t> key_of) : order(key_of.size()) {
    std::iota(order.begin(), order.end(), 0);
    const auto key = [&](std::int32_t row) { return key_of[static_cast<std::size_t>(row)]; };
    std::ranges::stable_sort(order, {}, key);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && key(order[i]) == keys.back()) continue;
      keys.push_back(key(order[i]));
      begins.push_back(static_cast<std::int32_t>(i));
    }
    begins.push_back(static_cast<std::int32_t>(order.size()));
  }
};

/// Adds the rows of `from` [N, C] with each key to out[key] [V, C].
template <class T>
struct add_groups_kernel {
  device_rows<const T> from;
  const std::int32_t* order;
  const std::int32_t* begins;
  const std::int32_t* keys;
  device_rows<float> out;
  std::size_t columns;

  template <class Thread>
  PREFOPT_DEVICE void operator()(Thread& t) const {
    const std::size_t column = column_of(t), group = t.block(0);
    if (column >= columns) return;
    float sum = 0;
    for (std::int32_t i = begins[group]; i < begins[group + 1]; ++i)
      sum += widen(from[static_cast<std::size_t>(order[i])][column]);
    out[static_cast<std::size_t>(keys[group])][column] += sum;
  }
};

}  // namespace prefopt::inline v0_2::detail
