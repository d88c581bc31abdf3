// SPDX-License-Identifier: MIT
#pragma once
// The laws of grouped queries and sliding windows, for backends that have them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "laws/numbers.hpp"
#include "laws/plain_attention.hpp"
#include "laws/transformer_operations.hpp"
#include "laws/tree_attention_laws.hpp"

namespace prefopt::tests {

struct attention_heads {
  std::size_t heads, key_heads, channels;
};

/// Leaves out larger forests, for backends whose threads run one by one.
struct most_rows {
  std::size_t count = std::numeric_limits<std::size_t>::max();
  [[nodiscard]] bool allow(const std::vector<tree_node>& nodes) const {
    return static_cast<std::size_t>(nodes.back().end) <= count;
  }
};

/// Calls visit(nodes, window) with random forests and with paths of several tiles, which the tree
/// cuts at odd places; the last forest grew as a decoder's does and is not in depth-first order.
template <class Visitor>
void for_each_windowed_forest(const Visitor& visit, most_rows most = {}) {
  random_generator random(21);
  for (const std::size_t window : {0U, 2U, 3U, 7U}) {
    auto nodes = random_forest(random, 9, 14);
    while (path_to(nodes, static_cast<std::size_t>(nodes.back().end) - 1).size() < 20)
      nodes = random_forest(random, 9, 14);
    visit(nodes, window);
  }
  const std::vector<tree_node> deep{{-1, 0, 70, 203},   {0, 70, 71, 203},   {1, 71, 140, 140},
                                    {1, 140, 150, 203}, {3, 150, 203, 203}, {-1, 203, 233, 233}};
  const std::vector<tree_node> grown{
      {-1, 0, 70, 70}, {0, 70, 71, 71}, {0, 71, 72, 72}, {1, 72, 73, 73}, {2, 73, 75, 75}};
  if (most.allow(deep))
    for (const std::size_t window : {7U, 100U}) visit(deep, window);
  for (const std::size_t window : {3U, 72U}) visit(grown, window);
}

/// The same and a tree whose paths are longer than what a product sums at once, for laws that need
/// no plain loops.
template <class Visitor>
void for_each_long_windowed_forest(const Visitor& visit, most_rows most = {}) {
  for_each_windowed_forest(visit, most);
  const std::vector<tree_node> nodes{{-1, 0, 437, 580}, {0, 437, 530, 530}, {0, 530, 580, 580}};
  if (most.allow(nodes))
    for (const std::size_t window : {0U, 7U, 410U}) visit(nodes, window);
}

/// Calls visit(rows): all of a forest's rows, some by name, and those that continue from others.
template <class Visitor>
void for_each_choice_of_rows(const std::vector<tree_node>& nodes, std::size_t window,
                             const Visitor& visit) {
  random_generator random(22);
  const auto named = some_of(random, nodes.back().end);
  const auto end = static_cast<std::size_t>(nodes.back().end);
  visit(attention_rows{.nodes = nodes, .window = window});
  visit(attention_rows{.nodes = nodes, .queries = named, .window = window});
  for (const std::size_t first : {std::size_t{1}, end / 2, end - 1})
    visit(attention_rows{.nodes = nodes, .first_row = first, .window = window});
}

[[nodiscard]] inline attention_inputs inputs_for(const attention_rows& rows,
                                                 const attention_heads& heads) {
  random_generator random(23);
  return random_attention_inputs(random, attending_rows(rows).size(),
                                 static_cast<std::size_t>(rows.nodes.back().end), heads.channels,
                                 heads.heads, heads.key_heads);
}

[[nodiscard]] inline double largest_distance(const attention_results& got,
                                             const attention_results& expected) {
  return std::max({distance(got.out, expected.out), distance(got.log_sums, expected.log_sums),
                   distance(got.d_q, expected.d_q), distance(got.d_k, expected.d_k),
                   distance(got.d_v, expected.d_v)});
}

/// Every size of a group, for heads that a vector divides and not.
inline const std::vector<attention_heads> grouped_heads = {
    {4, 1, 16}, {4, 2, 12}, {4, 4, 16}, {2, 1, 80}};

/// The largest distance of forward and backward from plain loops along each row's path.
template <class Backend>
[[nodiscard]] double error_in_windows_and_groups(
    const Backend& on, const std::vector<attention_heads>& all_heads = grouped_heads) {
  double largest = 0;
  for_each_windowed_forest([&](const std::vector<tree_node>& nodes, std::size_t window) {
    for (const attention_heads& heads : all_heads)
      for_each_choice_of_rows(nodes, window, [&](const attention_rows& rows) {
        const attention_inputs in = inputs_for(rows, heads);
        largest =
            std::max(largest, largest_distance(attend(on, rows, in), plain_attention(rows, in)));
      });
  });
  return largest;
}

/// [N, K, D] with each head `times` times.
[[nodiscard]] inline numbers repeated_heads(const numbers& values, std::size_t channels,
                                            std::size_t times) {
  numbers all;
  for (auto head = values.begin(); head != values.end(); head += static_cast<long>(channels))
    for (std::size_t i = 0; i < times; ++i)
      all.insert(all.end(), head, head + static_cast<long>(channels));
  return all;
}

/// The adjoint: sums over each group.
[[nodiscard]] inline numbers summed_heads(const numbers& values, std::size_t channels,
                                          std::size_t times) {
  numbers all(values.size() / times);
  for (std::size_t i = 0; i < values.size(); ++i)
    all[i / (channels * times) * channels + i % channels] += values[i];
  return all;
}

/// Grouped queries are ungrouped ones with keys and values repeated: the same bits, and gradients
/// of keys and values summed over each group.
template <class Backend>
void grouped_queries_repeat_keys(const Backend& on, double tolerance,
                                 const std::vector<attention_heads>& all_heads = grouped_heads,
                                 most_rows most = {}) {
  for_each_windowed_forest(
      [&](const std::vector<tree_node>& nodes, std::size_t window) {
        for (const attention_heads& heads : all_heads)
          for_each_choice_of_rows(nodes, window, [&](const attention_rows& rows) {
            const std::size_t times = heads.heads / heads.key_heads;
            const attention_inputs in = inputs_for(rows, heads);
            attention_inputs ungrouped = in;
            ungrouped.key_heads = heads.heads;
            ungrouped.k = repeated_heads(in.k, heads.channels, times);
            ungrouped.v = repeated_heads(in.v, heads.channels, times);
            const attention_results got = attend(on, rows, in), all = attend(on, rows, ungrouped);
            BOOST_TEST((got.out == all.out && got.log_sums == all.log_sums && got.d_q == all.d_q));
            BOOST_TEST(distance(got.d_k, summed_heads(all.d_k, heads.channels, times)) <=
                       tolerance);
            BOOST_TEST(distance(got.d_v, summed_heads(all.d_v, heads.channels, times)) <=
                       tolerance);
          });
      },
      most);
}

[[nodiscard]] inline numbers rows_of(const numbers& values, const std::vector<std::size_t>& rows,
                                     std::size_t width) {
  numbers some;
  for (const std::size_t row : rows)
    some.insert(some.end(), values.begin() + static_cast<long>(row * width),
                values.begin() + static_cast<long>((row + 1) * width));
  return some;
}

/// Each path of a tree gets alone what it gets in the tree: the same bits forward, and gradients
/// whose sum over the paths is the tree's. (A row's slopes come along with one path only.)
template <class Backend>
void a_tree_is_its_paths(const Backend& on, double tolerance, most_rows most = {}) {
  constexpr attention_heads heads{4, 2, 16};
  constexpr std::size_t q_width = heads.heads * heads.channels,
                        k_width = heads.key_heads * heads.channels;
  for_each_long_windowed_forest(
      [&](const std::vector<tree_node>& nodes, std::size_t window) {
        const attention_rows rows{.nodes = nodes, .window = window};
        const attention_inputs in = inputs_for(rows, heads);
        const attention_results tree = attend(on, rows, in);
        attention_results sums{
            .d_q = numbers(in.q.size()), .d_k = numbers(in.k.size()), .d_v = numbers(in.k.size())};
        std::vector<bool> owned(in.q.size() / q_width);
        for (const tree_node& node : nodes) {
          const auto path = path_to(nodes, static_cast<std::size_t>(node.end) - 1);
          attention_inputs alone{.heads = heads.heads,
                                 .key_heads = heads.key_heads,
                                 .channels = heads.channels,
                                 .q = rows_of(in.q, path, q_width),
                                 .k = rows_of(in.k, path, k_width),
                                 .v = rows_of(in.v, path, k_width),
                                 .d = rows_of(in.d, path, q_width)};
          for (std::size_t i = 0; i < alone.d.size(); ++i)
            if (owned[path[i / q_width]]) alone.d[i] = 0;
          for (const std::size_t row : path) owned[row] = true;
          const auto length = static_cast<std::int32_t>(path.size());
          const std::vector<tree_node> chain{{-1, 0, length, length}};
          const attention_results one = attend(on, {.nodes = chain, .window = window}, alone);
          BOOST_TEST(one.out == rows_of(tree.out, path, q_width));
          BOOST_TEST(one.log_sums == rows_of(tree.log_sums, path, heads.heads));
          for (std::size_t i = 0; i < alone.q.size(); ++i)
            sums.d_q[path[i / q_width] * q_width + i % q_width] += one.d_q[i];
          for (std::size_t i = 0; i < alone.k.size(); ++i) {
            sums.d_k[path[i / k_width] * k_width + i % k_width] += one.d_k[i];
            sums.d_v[path[i / k_width] * k_width + i % k_width] += one.d_v[i];
          }
        }
        BOOST_TEST(distance(sums.d_q, tree.d_q) <= tolerance);
        BOOST_TEST(distance(sums.d_k, tree.d_k) <= tolerance);
        BOOST_TEST(distance(sums.d_v, tree.d_v) <= tolerance);
      },
      most);
}

/// Rows that attend alone, or continue from others, have the bits that they have among all rows; so
/// has every row under a window as long as its path.
template <class Backend>
void company_changes_no_bits(const Backend& on, most_rows most = {}) {
  constexpr attention_heads heads{4, 2, 12};
  constexpr std::size_t width = heads.heads * heads.channels;
  for_each_long_windowed_forest(
      [&](const std::vector<tree_node>& nodes, std::size_t window) {
        const attention_rows all{.nodes = nodes, .window = window};
        const attention_inputs in = inputs_for(all, heads);
        const attention_results whole = attend(on, all, in);
        for_each_choice_of_rows(nodes, window, [&](const attention_rows& rows) {
          const auto chosen = attending_rows(rows);
          attention_inputs some = in;
          some.q = rows_of(in.q, chosen, width);
          some.d = rows_of(in.d, chosen, width);
          const attention_results got = attend(on, rows, some);
          BOOST_TEST(got.out == rows_of(whole.out, chosen, width));
          BOOST_TEST(got.log_sums == rows_of(whole.log_sums, chosen, heads.heads));
        });
        const std::size_t rows = in.q.size() / width;  // no path is longer
        BOOST_TEST(attend(on, {.nodes = nodes, .window = rows}, in).out ==
                   attend(on, {.nodes = nodes}, in).out);
      },
      most);
}

/// A window of one position is a row's own value, whatever the query.
template <class Backend>
void a_window_of_one_is_the_value(const Backend& on, const attention_heads& heads = {4, 2, 16}) {
  random_generator random(24);
  const auto nodes = random_forest(random, 9, 14);
  const attention_rows rows{.nodes = nodes, .window = 1};
  const attention_inputs in = inputs_for(rows, heads);
  BOOST_TEST(attend(on, rows, in).out ==
             repeated_heads(in.v, heads.channels, heads.heads / heads.key_heads));
}

/// Attention as an operation, for the laws of all operations.
template <class Backend>
struct grouped_attention_operation {
  attention_rows rows;
  attention_heads heads;

  [[nodiscard]] std::vector<std::size_t> input_sizes() const {
    const attention_inputs in = inputs_for(rows, heads);
    return {in.q.size(), in.k.size(), in.v.size()};
  }
  [[nodiscard]] attention_results run(const Backend& on, const arguments& a,
                                      const numbers& d) const {
    return attend(on, rows,
                  {.heads = heads.heads,
                   .key_heads = heads.key_heads,
                   .channels = heads.channels,
                   .q = a[0],
                   .k = a[1],
                   .v = a[2],
                   .d = d});
  }
  [[nodiscard]] numbers forward(const Backend& on, const arguments& a) const {
    return run(on, a, a[0]).out;
  }
  [[nodiscard]] arguments backward(const Backend& on, const arguments& a, const numbers& d) const {
    attention_results all = run(on, a, d);
    return {all.d_q, all.d_k, all.d_v};
  }
};

/// Calls visit(operation) for attention that has a backward pass, over every forest and window.
template <class Backend, class Visitor>
void for_each_grouped_attention(const Visitor& visit, most_rows most = {}) {
  for_each_windowed_forest(
      [&](const std::vector<tree_node>& nodes, std::size_t window) {
        for (const attention_heads heads : {attention_heads{4, 1, 12}, {4, 2, 16}})
          for_each_choice_of_rows(nodes, window, [&](const attention_rows& rows) {
            if (rows.first_row == 0) visit(grouped_attention_operation<Backend>{rows, heads});
          });
      },
      most);
}

}  // namespace prefopt::tests
