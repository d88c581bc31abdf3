// SPDX-License-Identifier: MIT
#pragma once
// Attention over a forest of rows: on tensor cores if the forest, the type, the head and the chip
// allow it, otherwise with one warp per row.
//
// Legend: q, out [Q, H, D], k, v [K, H / group, D], log_sums [Q, H].

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "prefopt/core/error.hpp"
#include "prefopt/cuda/detail/attention_plan.hpp"
#include "prefopt/cuda/detail/attention_tiles.hpp"
#include "prefopt/cuda/detail/attention_tiles_backward.hpp"
#include "prefopt/cuda/detail/attention_warps.hpp"

namespace prefopt::inline v0_2::detail {

/// Whether tiles can be loaded from these heads 16 bytes at a time.
template <class... Heads>
[[nodiscard]] bool fit_tiles(const Heads&... heads) {
  const auto fits = [](const auto& h) {
    return reinterpret_cast<std::uintptr_t>(h.data()) % 16 == 0 && h.stride(0) % 8 == 0 &&
           h.stride(1) % 8 == 0;
  };
  return (fits(heads) && ...);
}

/// Returns visit(size), called with the head size as a constant, if there are tile kernels for it;
/// otherwise false.
template <class Visit>
[[nodiscard]] bool with_tile_size(std::size_t size, const Visit& visit) {
  if (size == 64) return visit(std::integral_constant<unsigned, 64>{});
  if (size == 128) return visit(std::integral_constant<unsigned, 128>{});
  return false;
}

[[nodiscard]] inline launch_shape a_block_a_tile_and_head(std::size_t rows, std::size_t heads,
                                                          std::size_t shared_bytes) {
  return {.blocks = {blocks_for(rows, tile_rows), static_cast<unsigned>(heads), 1},
          .threads = tile_threads,
          .shared_bytes = shared_bytes};
}

/// Returns the number of query heads that share a key-value head. Throws shape_error if that is not
/// a whole number, and for heads that are too large.
template <class T>
[[nodiscard]] unsigned group_size(tensor_view<const T, 3> q, tensor_view<const T, 3> k) {
  if (q.extent(2) > warp_head::most_channels)
    throw shape_error(concat("cuda_backend: heads of ", q.extent(2), " channels, expected at most ",
                             +warp_head::most_channels));
  if (k.extent(1) == 0 || q.extent(1) % k.extent(1) != 0)
    throw shape_error(concat("cuda_backend: tree_attention: ", q.extent(1), " query heads for ",
                             k.extent(1), " key-value heads, expected a multiple"));
  return static_cast<unsigned>(q.extent(1) / k.extent(1));
}

/// out = softmax(scale * q kᵀ) v over the keys that each row sees, and the log-sums. Throws as
/// group_size.
template <class Device, class T>
void tree_attention(const Device& device, attention_plans& plans, const attention_rows& rows,
                    tensor_view<const T, 3> q, tensor_view<const T, 3> k, tensor_view<const T, 3> v,
                    double scale, tensor_view<T, 3> out, matrix_view<float> log_sums) {
  const std::size_t queries = q.extent(0), heads = q.extent(1), keys = k.extent(0);
  const unsigned group = group_size(q, k);
  if (queries == 0) return;
  const attention_plan_there& plan = plans.of(device, rows, queries, keys);
  if constexpr (std::is_same_v<T, bfloat16>) {
    const auto by_tiles = [&](auto size) {
      using kernel = attention_tiles_kernel<size()>;
      if (kernel::shared_bytes > device.most_shared_bytes()) return false;
      device.launch(
          kernel{plan.key_tiles.data(), plan.key_tile_begins.data(), plan.query_spans.data(),
                 plan.seen_until.data(), queries, keys, group, heads_of(q), heads_of(k),
                 heads_of(v), static_cast<float>(scale), heads_of(out), rows_of(log_sums)},
          a_block_a_tile_and_head(queries, heads, kernel::shared_bytes));
      return true;
    };
    if (plan.nested && fit_tiles(q, k, v, out) && with_tile_size(q.extent(2), by_tiles)) return;
  }
  device.launch(
      attention_kernel<T>{plan.nodes.data(), plan.query_spans.data(), plan.query_nodes.data(),
                          heads_of(q), heads_of(k), heads_of(v), static_cast<unsigned>(heads),
                          group, static_cast<unsigned>(q.extent(2)), static_cast<float>(scale),
                          heads_of(out), rows_of(log_sums)},
      a_warp_a_row_and_head(queries, heads));
}

/// Assigns d_q, d_k and d_v. Throws as group_size.
template <class Device, class T>
void tree_attention_backward(const Device& device, attention_plans& plans,
                             const attention_rows& rows, tensor_view<const T, 3> q,
                             tensor_view<const T, 3> k, tensor_view<const T, 3> v, double scale,
                             tensor_view<const T, 3> out, matrix_view<const float> log_sums,
                             tensor_view<const T, 3> d_out, tensor_view<T, 3> d_q,
                             tensor_view<T, 3> d_k, tensor_view<T, 3> d_v) {
  const std::size_t queries = q.extent(0), heads = q.extent(1), keys = k.extent(0);
  const unsigned group = group_size(q, k);
  const attention_plan_there& plan = plans.of(device, rows, queries, keys);
  const device_block room = device.scratch(queries * heads * sizeof(float));
  const device_rows<float> means{static_cast<float*>(room.data()), heads};
  const device_rows<const float> read_means{means.data, heads};
  if constexpr (std::is_same_v<T, bfloat16>) {
    const auto by_tiles = [&](auto size) {
      using of_queries = attention_tiles_query_backward_kernel<size()>;
      using of_keys = attention_tiles_key_backward_kernel<size()>;
      if (std::max(of_queries::shared_bytes, of_keys::shared_bytes) > device.most_shared_bytes())
        return false;
      device.launch(attention_means_kernel{heads_of(out), heads_of(d_out),
                                           static_cast<unsigned>(heads), size(), means},
                    a_warp_a_row_and_head(queries, heads));
      const attention_tiles_input in{plan.query_spans.data(),
                                     plan.seen_until.data(),
                                     queries,
                                     keys,
                                     group,
                                     heads_of(q),
                                     heads_of(k),
                                     heads_of(v),
                                     heads_of(d_out),
                                     rows_of(log_sums),
                                     read_means,
                                     static_cast<float>(scale)};
      device.launch(
          of_queries{plan.key_tiles.data(), plan.key_tile_begins.data(), in, heads_of(d_q)},
          a_block_a_tile_and_head(queries, heads, of_queries::shared_bytes));
      device.launch(of_keys{plan.query_tile_begin.data(), plan.query_tile_end.data(), in,
                            heads_of(d_k), heads_of(d_v)},
                    a_block_a_tile_and_head(keys, k.extent(1), of_keys::shared_bytes));
      return true;
    };
    if (plan.nested && fit_tiles(q, k, v, d_out, d_q, d_k, d_v) &&
        with_tile_size(q.extent(2), by_tiles))
      return;
  }
  const attention_backward_input<T> in{heads_of(q),
                                       heads_of(k),
                                       heads_of(v),
                                       heads_of(out),
                                       heads_of(d_out),
                                       rows_of(log_sums),
                                       static_cast<unsigned>(heads),
                                       group,
                                       static_cast<unsigned>(q.extent(2)),
                                       static_cast<float>(scale)};
  device.launch(
      attention_query_backward_kernel<T>{plan.nodes.data(), plan.query_spans.data(),
                                         plan.query_nodes.data(), in, heads_of(d_q), means},
      a_warp_a_row_and_head(queries, heads));
  device.launch(attention_key_backward_kernel<T>{plan.nodes.data(), plan.query_spans.data(),
                                                 plan.query_nodes.data(), plan.query_begin.data(),
                                                 plan.query_end.data(), plan.nested, in, read_means,
                                                 heads_of(d_k), heads_of(d_v)},
                a_warp_a_row_and_head(keys, k.extent(1)));
}

}  // namespace prefopt::inline v0_2::detail
