// SPDX-License-Identifier: MIT
// Which rows see which keys, against the definition; and attention on tensor cores, run on the
// host, against the CPU's in float64.

#include "prefopt/cuda/detail/attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/cuda/operations.hpp"
#include "prefopt/eigen.hpp"
#include "cuda/emulated_device.hpp"
#include "laws/plain_attention.hpp"
#include "laws/tree_attention_laws.hpp"

using namespace prefopt;

namespace {

using backend = cuda_backend<bfloat16, tests::emulated_device>;

/// Numbers that count how often they are read.
struct counted {
  const std::vector<std::int32_t>& numbers;
  std::size_t& reads;
  [[nodiscard]] std::size_t size() const { return numbers.size(); }
  [[nodiscard]] std::int32_t operator[](std::size_t i) const { return ++reads, numbers[i]; }
};

/// What the query at `row` sees, along its path.
std::vector<bool> seen_keys(const std::vector<tree_node>& nodes, std::int32_t row,
                            std::size_t window) {
  std::vector<bool> seen(static_cast<std::size_t>(nodes.back().end));
  const auto path = tests::path_to(nodes, static_cast<std::size_t>(row));
  for (std::size_t i = 0; i < path.size(); ++i)
    seen[path[i]] = window == 0 || i + window >= path.size();
  return seen;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_plan_is_the_definition) {
  random_generator random(5);
  for (int round = 0; round < 60; ++round) {
    const auto nodes = tests::random_forest(random, 1 + random.below(20), 1 + random.below(40));
    const std::int32_t rows = nodes.back().end;
    const auto named = round % 2 == 0 ? std::vector<std::int32_t>{} : tests::some_of(random, rows);
    const std::size_t window = round % 4 < 2 ? 0 : 1 + random.below(20);
    const std::size_t queries = named.empty() ? static_cast<std::size_t>(rows) : named.size();
    const detail::attention_plan plan({.nodes = nodes, .queries = named, .window = window}, queries,
                                      static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < queries; ++i) {
      const std::int32_t row = named.empty() ? static_cast<std::int32_t>(i) : named[i];
      const detail::row_span span = plan.query_spans[i];
      BOOST_REQUIRE_EQUAL(span.last, row);
      const auto tile = i / detail::attention_tile_rows;
      const std::vector<bool> seen_by_row = seen_keys(nodes, row, window);
      for (std::int32_t key = 0; key < rows; ++key) {
        const auto k = static_cast<std::size_t>(key);
        const bool seen = seen_by_row[k];
        if (window == 0) BOOST_REQUIRE_EQUAL(seen, tests::sees(nodes, row, key));
        const auto query = static_cast<std::int32_t>(i);
        BOOST_REQUIRE_EQUAL(
            seen, plan.query_begin[k] <= query && query < plan.query_end[k] && span.first <= key);
        BOOST_REQUIRE_EQUAL(seen, detail::sees(span, key, plan.seen_until[k]));
        if (!seen) continue;
        const auto begin = plan.tiles.key_tiles.begin() + plan.tiles.key_tile_begins[tile];
        const auto end = plan.tiles.key_tiles.begin() + plan.tiles.key_tile_begins[tile + 1];
        const auto key_tile = k / detail::attention_tile_rows;
        BOOST_REQUIRE((std::find(begin, end, static_cast<std::int32_t>(key_tile)) != end));
        BOOST_REQUIRE(plan.tiles.query_tile_begin[key_tile] <= static_cast<std::int32_t>(tile));
        BOOST_REQUIRE(static_cast<std::int32_t>(tile) < plan.tiles.query_tile_end[key_tile]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(no_tile_is_visited_in_vain) {
  const std::vector<tree_node> two_trees{{-1, 0, 128, 128}, {-1, 128, 256, 256}};
  const detail::attention_plan plan({.nodes = two_trees}, 256, 256);
  BOOST_TEST(plan.tiles.key_tiles == (std::vector<std::int32_t>{0, 0, 1, 2, 2, 3}),
             boost::test_tools::per_element());
  const std::vector<tree_node> chain{{-1, 0, 256, 256}};
  const detail::attention_plan windowed({.nodes = chain, .window = 65}, 256, 256);
  BOOST_TEST(windowed.tiles.key_tiles == (std::vector<std::int32_t>{0, 0, 1, 1, 2, 2, 3}),
             boost::test_tools::per_element());
}

// Layers with and without a window take turns.
BOOST_AUTO_TEST_CASE(plans_of_two_windows_are_kept_apart) {
  const tests::emulated_device device;
  detail::attention_plans plans;
  const std::vector<tree_node> chain{{-1, 0, 20, 20}};
  const auto first_of_last = [&](std::size_t window) {
    return plans.of(device, {.nodes = chain, .window = window}, 20, 20)
        .query_spans.data()[19]
        .first;
  };
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(first_of_last(0) == 0);
    BOOST_TEST(first_of_last(7) == 13);
  }
}

BOOST_AUTO_TEST_CASE(a_plan_takes_a_step_for_each_key_and_each_pair_of_tiles) {
  std::size_t reads = 0;
  const auto plan_of = [&](const std::vector<tree_node>& nodes) {
    const auto rows = static_cast<std::size_t>(nodes.back().end);
    const detail::attention_plan plan({.nodes = nodes}, rows, rows);
    reads = 0;
    const detail::tile_visits again(counted{plan.query_begin, reads},
                                    counted{plan.query_end, reads}, rows);
    BOOST_TEST((again.key_tiles == plan.tiles.key_tiles &&
                again.query_tile_begin == plan.tiles.query_tile_begin));
    return again;
  };
  constexpr std::int32_t many = 1 << 16;
  std::vector<tree_node> short_trees;
  for (std::int32_t row = 0; row < many; ++row) short_trees.push_back({-1, row, row + 1, row + 1});
  BOOST_TEST(plan_of(short_trees).key_tiles.size() == std::size_t{many} / 64);
  BOOST_TEST(reads <= 2 * std::size_t{many});
  constexpr std::size_t tiles = 64;
  BOOST_TEST(plan_of({{-1, 0, 64 * tiles, 64 * tiles}}).key_tiles.size() ==
             tiles * (tiles + 1) / 2);
  BOOST_TEST(reads <= 2 * 64 * tiles);
}

BOOST_AUTO_TEST_CASE(a_forest_is_nested_where_descendants_and_nobody_else_fill_an_interval) {
  random_generator random(12);
  for (int round = 0; round < 30; ++round)
    BOOST_TEST(detail::is_nested(tests::random_forest(random, 1 + random.below(30), 5)));
  using forest = std::vector<tree_node>;
  BOOST_TEST(detail::is_nested(forest{}));
  // a child after its parent's end
  BOOST_TEST(!detail::is_nested(forest{{-1, 0, 3, 3}, {0, 3, 4, 4}}));
  // a sibling inside a node
  BOOST_TEST(!detail::is_nested(forest{{-1, 0, 3, 5}, {0, 3, 4, 5}, {0, 4, 5, 5}}));
  BOOST_TEST(!detail::is_nested(forest{{-1, 0, 3, 5}, {-1, 3, 5, 5}}));  // a stranger
  BOOST_TEST(!detail::is_nested(forest{{-1, 0, 3, 4}, {0, 3, 4, 6}, {-1, 4, 6, 6}}));
  BOOST_TEST(!detail::is_nested(forest{{-1, 0, 3, 2}}));
}

// The way a decoder's forest grows: two samples of one prompt, token by token in turn.
BOOST_AUTO_TEST_CASE(rows_that_came_in_any_order_see_their_ancestors) {
  random_generator random(10);
  const backend on(std::make_shared<tests::emulated_device>());
  const std::vector<tree_node> grown{
      {-1, 0, 70, 70}, {0, 70, 71, 71}, {0, 71, 72, 72}, {1, 72, 73, 73}, {2, 73, 75, 75}};
  for (const std::size_t channels : {64U, 128U})
    for (const std::size_t first : {1U, 70U, 72U}) {
      const attention_rows rows{.nodes = grown, .first_row = first};
      const auto in = tests::random_attention_inputs(random, 75 - first, 75, channels);
      tests::check_close(tests::attend(on, rows, in),
                         tests::attend(eigen_backend<double>{}, rows, in));
    }
  const auto in = tests::random_attention_inputs(random, 75, 75, 64);
  tests::check_close(tests::attend(on, {.nodes = grown}, in),
                     tests::attend(eigen_backend<double>{}, {.nodes = grown}, in));
}

BOOST_AUTO_TEST_CASE(key_value_heads_that_do_not_divide_the_query_heads_are_refused) {
  const backend on(std::make_shared<tests::emulated_device>());
  const std::vector<tree_node> nodes{{-1, 0, 20, 20}};
  tests::activations<backend> q(on, tests::numbers(20 * 4 * 12)),
      k(on, tests::numbers(20 * 3 * 12));
  tests::on_backend<backend> log_sums(on, tests::numbers(20 * 4));
  const auto queries = q.heads(4, 12), keys = k.heads(3, 12);
  const auto says = [](const shape_error& e) {
    return std::string_view(e.what()).find("4 query heads for 3 key-value heads") !=
           std::string_view::npos;
  };
  BOOST_CHECK_EXCEPTION(
      on.tree_attention({.nodes = nodes}, queries, keys, keys, 1, queries, log_sums.matrix(4)),
      shape_error, says);
  BOOST_CHECK_EXCEPTION(
      on.tree_attention_backward({.nodes = nodes}, queries, keys, keys, 1, queries,
                                 log_sums.matrix(4), queries, queries, keys, keys),
      shape_error, says);
}

BOOST_AUTO_TEST_CASE(tensor_cores_agree_with_float64) {
  const backend on(std::make_shared<tests::emulated_device>());
  for (const std::size_t channels : {64U, 128U})
    for (const std::size_t longest : {17U, 90U})
      tests::wide_heads_agree_with_float64(on, channels, longest);
}

// Compute capability 8.6 and 8.9 give a block 99 KiB: less than tiles of 128 channels take in the
// backward pass.
BOOST_AUTO_TEST_CASE(a_chip_with_little_shared_memory_agrees_with_float64_too) {
  const auto device = std::make_shared<tests::emulated_device>(99 * 1024);
  tests::wide_heads_agree_with_float64(backend(device), 128, 12);
  BOOST_TEST(device->most_shared_asked_for() > 48U * 1024);  // tiles in the forward pass
  tests::wide_heads_agree_with_float64(backend(std::make_shared<tests::emulated_device>(32 * 1024)),
                                       128, 6);
}

BOOST_AUTO_TEST_CASE(rows_that_see_themselves_only_give_their_values_and_ask_for_nothing) {
  random_generator random(9);
  const backend on(std::make_shared<tests::emulated_device>());
  std::vector<tree_node> nodes;
  for (std::int32_t row = 0; row < 70; ++row) nodes.push_back({-1, row, row + 1, row + 1});
  const auto in = tests::random_attention_inputs(random, 70, 70, 64);
  const tests::attention_results got = tests::attend(on, {.nodes = nodes}, in);
  BOOST_TEST((got.out == in.v && got.d_v == in.d));
  for (const tests::numbers& gradient : {got.d_q, got.d_k})
    BOOST_TEST(std::ranges::all_of(gradient, [](double g) { return std::abs(g) < 1e-5; }));
}

BOOST_AUTO_TEST_CASE(tensor_cores_continue_from_cached_rows) {
  tests::wide_heads_continue_from_cached_rows(backend(std::make_shared<tests::emulated_device>()));
}

BOOST_AUTO_TEST_CASE(
    the_same_call_on_tensor_cores_gives_the_same_bits_and_tells_nothing_of_hidden_rows) {
  random_generator random(8);
  const backend on(std::make_shared<tests::emulated_device>());
  const std::vector<tree_node> nodes{{-1, 0, 30, 110}, {0, 30, 70, 70}, {0, 70, 110, 110}};
  auto in = tests::random_attention_inputs(random, 110, 110, 64);
  const tests::attention_results once = tests::attend(on, {.nodes = nodes}, in),
                                 again = tests::attend(on, {.nodes = nodes}, in);
  BOOST_TEST((once.out == again.out && once.d_q == again.d_q && once.d_k == again.d_k &&
              once.d_v == again.d_v));
  const std::size_t a_row = 2 * 64;
  for (std::size_t i = 30 * a_row; i < 70 * a_row; ++i) in.k[i] = in.v[i] = 3;  // the other leaf
  const tests::attention_results other = tests::attend(on, {.nodes = nodes}, in);
  BOOST_TEST(
      std::equal(once.out.begin() + 70 * a_row, once.out.end(), other.out.begin() + 70 * a_row));
  BOOST_TEST(!std::equal(once.out.begin() + 30 * a_row, once.out.begin() + 70 * a_row,
                         other.out.begin() + 30 * a_row));
}
