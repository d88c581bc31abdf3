// SPDX-License-Identifier: MIT
// Who sees whom, against the definition; and attention on tensor cores, run on the host, beside the CPU's in float64.

#include "prefopt/cuda/attention.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/emulated_device.hpp"
#include "laws/transformer_machine_laws.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/cuda/operations.hpp"
#include "prefopt/eigen/backend.hpp"

using namespace prefopt;

namespace {

using machine = cuda_backend<bfloat16, tests::emulated_device>;
using numbers = tests::numbers;

/// A forest of so many nodes with runs of up to `longest` rows.
std::vector<tree_node> random_forest(random_generator& random, std::size_t count, std::size_t longest) {
  std::vector<tree_node> nodes;
  std::vector<std::int32_t> path;  // from the root to the node before
  for (std::size_t i = 0; i < count; ++i) {
    path.resize(random.below(path.size() + 1));
    const std::int32_t begin = nodes.empty() ? 0 : nodes.back().end;
    const auto length = static_cast<std::int32_t>(1 + random.below(longest));
    nodes.push_back({path.empty() ? -1 : path.back(), begin, begin + length, begin + length});
    for (const std::int32_t above : path) nodes[static_cast<std::size_t>(above)].subtree_end = begin + length;
    path.push_back(static_cast<std::int32_t>(i));
  }
  return nodes;
}

/// Whether the row sees the key: it is the row's own node up to itself, or a node above.
bool sees(const std::vector<tree_node>& nodes, std::int32_t row, std::int32_t key) {
  const auto of = [&](std::int32_t r) {
    return static_cast<std::int32_t>(
        std::ranges::find_if(nodes, [&](const tree_node& n) { return n.begin <= r && r < n.end; }) - nodes.begin());
  };
  if (key > row) return false;
  for (std::int32_t node = of(row); node >= 0; node = nodes[static_cast<std::size_t>(node)].parent)
    if (node == of(key)) return true;
  return false;
}

std::vector<std::int32_t> some_of(random_generator& random, std::int32_t rows) {
  std::vector<std::int32_t> named;
  for (std::int32_t row = 0; row < rows; ++row)
    if (random.below(3) == 0) named.push_back(row);
  if (named.empty()) named.push_back(rows - 1);
  return named;
}

struct results {
  numbers out = {}, log_sums = {}, d_q = {}, d_k = {}, d_v = {};
};

struct inputs {
  std::size_t heads, channels;
  numbers q = {}, k = {}, v = {}, d = {};
};

inputs random_inputs(random_generator& random, std::size_t queries, std::size_t keys, std::size_t channels) {
  inputs in{.heads = 2, .channels = channels};
  for (auto [values, rows] : {std::pair{&in.q, queries}, {&in.k, keys}, {&in.v, keys}, {&in.d, queries}}) {
    values->resize(rows * in.heads * channels);
    for (double& value : *values)  // what every machine can hold
      value = static_cast<double>(static_cast<float>(bfloat16(static_cast<float>(random.normal()))));
  }
  return in;
}

template <class Machine>
results attend(const Machine& on, const attention_rows& rows, const inputs& in) {
  using tests::activations;
  using tests::on_machine;
  using tests::rubbish;
  activations<Machine> q(on, in.q), k(on, in.k), v(on, in.v), d(on, in.d);
  auto out = rubbish<activations<Machine>>(on, in.q.size());
  auto log_sums = rubbish<on_machine<Machine>>(on, in.q.size() / in.channels);
  const auto heads = [&](auto& values) { return values.heads(in.heads, in.channels); };
  on.tree_attention(rows, heads(q), heads(k), heads(v), 0.1, heads(out), log_sums.matrix(in.heads));
  results all{.out = out.host(), .log_sums = log_sums.host()};
  if (rows.first_row != 0) return all;
  auto d_q = rubbish<activations<Machine>>(on, in.q.size()), d_k = rubbish<activations<Machine>>(on, in.k.size()),
       d_v = rubbish<activations<Machine>>(on, in.v.size());
  on.tree_attention_backward(rows, heads(q), heads(k), heads(v), 0.1, heads(out), log_sums.matrix(in.heads), heads(d),
                             heads(d_q), heads(d_k), heads(d_v));
  return {all.out, all.log_sums, d_q.host(), d_k.host(), d_v.host()};
}

// Weights, d scores and results are rounded to 2^-9 of themselves; `out`, which the backward reads, is rounded too.
constexpr double rounding = 4.0 / 512;

void check_close(const results& got, const results& wanted) {
  BOOST_TEST(tests::distance(got.out, wanted.out) <= rounding);
  BOOST_TEST(tests::distance(got.log_sums, wanted.log_sums) <= 1e-5);
  if (wanted.d_q.empty()) return;
  BOOST_TEST(tests::distance(got.d_q, wanted.d_q) <= rounding);
  BOOST_TEST(tests::distance(got.d_k, wanted.d_k) <= rounding);
  BOOST_TEST(tests::distance(got.d_v, wanted.d_v) <= rounding);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_plan_is_the_definition) {
  random_generator random(5);
  for (int round = 0; round < 30; ++round) {
    const auto nodes = random_forest(random, 1 + random.below(20), 1 + random.below(40));
    const std::int32_t rows = nodes.back().end;
    const auto named = round % 2 == 0 ? std::vector<std::int32_t>{} : some_of(random, rows);
    const std::size_t queries = named.empty() ? static_cast<std::size_t>(rows) : named.size();
    const detail::attention_plan plan({.nodes = nodes, .queries = named}, queries, static_cast<std::size_t>(rows));
    std::vector<std::vector<bool>> visited(queries, std::vector<bool>(static_cast<std::size_t>(rows)));
    for (std::size_t i = 0; i < queries; ++i) {
      const std::int32_t row = named.empty() ? static_cast<std::int32_t>(i) : named[i];
      BOOST_REQUIRE_EQUAL(plan.query_rows[i], row);
      const auto tile = i / detail::attention_tile_rows;
      for (std::int32_t key = 0; key < rows; ++key) {
        const auto k = static_cast<std::size_t>(key);
        const bool seen = sees(nodes, row, key);
        const auto query = static_cast<std::int32_t>(i);
        BOOST_REQUIRE_EQUAL(seen, plan.query_begin[k] <= query && query < plan.query_end[k]);
        BOOST_REQUIRE_EQUAL(seen, detail::sees(row, key, plan.seen_until[k]));
        if (!seen) continue;
        const auto begin = plan.key_tiles.begin() + plan.key_tile_begins[tile];
        const auto end = plan.key_tiles.begin() + plan.key_tile_begins[tile + 1];
        const auto key_tile = k / detail::attention_tile_rows;
        BOOST_REQUIRE((std::find(begin, end, static_cast<std::int32_t>(key_tile)) != end));
        BOOST_REQUIRE(plan.query_tile_begin[key_tile] <= static_cast<std::int32_t>(tile));
        BOOST_REQUIRE(static_cast<std::int32_t>(tile) < plan.query_tile_end[key_tile]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(no_tile_is_visited_in_vain) {
  const std::vector<tree_node> two_trees{{-1, 0, 128, 128}, {-1, 128, 256, 256}};
  const detail::attention_plan plan({.nodes = two_trees}, 256, 256);
  BOOST_TEST(plan.key_tiles == (std::vector<std::int32_t>{0, 0, 1, 2, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tensor_cores_agree_with_float64) {
  random_generator random(6);
  const machine on(std::make_shared<tests::emulated_device>());
  for (const std::size_t channels : {64U, 128U})
    for (const std::size_t longest : {17U, 90U}) {
      const auto nodes = random_forest(random, 6, longest);
      const std::int32_t rows = nodes.back().end;
      const auto named = some_of(random, rows);
      const auto keys = static_cast<std::size_t>(rows);
      for (const attention_rows& looking :
           {attention_rows{.nodes = nodes}, attention_rows{.nodes = nodes, .queries = named}}) {
        const auto in = random_inputs(random, looking.queries.empty() ? keys : looking.queries.size(), keys, channels);
        check_close(attend(on, looking, in), attend(eigen_backend<double>{}, looking, in));
      }
    }
}

BOOST_AUTO_TEST_CASE(rows_that_see_themselves_only_give_their_values_and_ask_for_nothing) {
  random_generator random(9);
  const machine on(std::make_shared<tests::emulated_device>());
  std::vector<tree_node> nodes;
  for (std::int32_t row = 0; row < 70; ++row) nodes.push_back({-1, row, row + 1, row + 1});
  const auto in = random_inputs(random, 70, 70, 64);
  const results got = attend(on, {.nodes = nodes}, in);
  BOOST_TEST((got.out == in.v && got.d_v == in.d));
  for (const numbers& gradient : {got.d_q, got.d_k})
    BOOST_TEST(std::ranges::all_of(gradient, [](double g) { return std::abs(g) < 1e-5; }));
}

BOOST_AUTO_TEST_CASE(tensor_cores_go_on_from_cached_rows) {
  random_generator random(7);
  const machine on(std::make_shared<tests::emulated_device>());
  const std::vector<tree_node> chain{{-1, 0, 100, 100}};
  const attention_rows rows{.nodes = chain, .first_row = 97};
  const auto in = random_inputs(random, 3, 100, 64);
  check_close(attend(on, rows, in), attend(eigen_backend<double>{}, rows, in));
}

BOOST_AUTO_TEST_CASE(the_same_call_on_tensor_cores_gives_the_same_bits_and_tells_nothing_of_hidden_rows) {
  random_generator random(8);
  const machine on(std::make_shared<tests::emulated_device>());
  const std::vector<tree_node> nodes{{-1, 0, 30, 110}, {0, 30, 70, 70}, {0, 70, 110, 110}};
  auto in = random_inputs(random, 110, 110, 64);
  const results once = attend(on, {.nodes = nodes}, in), again = attend(on, {.nodes = nodes}, in);
  BOOST_TEST((once.out == again.out && once.d_q == again.d_q && once.d_k == again.d_k && once.d_v == again.d_v));
  const std::size_t a_row = 2 * 64;
  for (std::size_t i = 30 * a_row; i < 70 * a_row; ++i) in.k[i] = in.v[i] = 3;  // the other leaf
  const results other = attend(on, {.nodes = nodes}, in);
  BOOST_TEST(std::equal(once.out.begin() + 70 * a_row, once.out.end(), other.out.begin() + 70 * a_row));
  BOOST_TEST(!std::equal(once.out.begin() + 30 * a_row, once.out.begin() + 70 * a_row, other.out.begin() + 30 * a_row));
}
