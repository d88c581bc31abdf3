// SPDX-License-Identifier: MIT
// Grouped queries and windows in the CUDA backend's attention, run on the host: one warp per row,
// and tensor cores, which bfloat16 and heads of 64 and 128 channels use in nested forests.

#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/bfloat16.hpp"
#include "cuda/emulated_backend.hpp"
#include "laws/grouped_attention_laws.hpp"
#include "laws/transformer_backend_laws.hpp"

using namespace prefopt;

namespace {

template <class Activation>
using backend = tests::emulated_backend<Activation>;
using tests::make_backend;

/// What laws that take many calls look at: paths of 20 to 73 rows.
constexpr tests::most_rows few = {100};

const std::vector<tests::attention_heads> for_tensor_cores = {
    {4, 1, 64}, {4, 2, 64}, {2, 2, 64}, {2, 1, 128}};

}  // namespace

BOOST_AUTO_TEST_CASE(warps_agree_with_plain_loops_along_each_path) {
  BOOST_TEST(tests::error_in_windows_and_groups(make_backend<float>()) <= 1e-5);
  BOOST_TEST(tests::error_in_windows_and_groups(make_backend<bfloat16>(), {{4, 2, 12}}) <=
             tests::attention_rounding);
}

BOOST_AUTO_TEST_CASE(tensor_cores_agree_with_plain_loops_along_each_path) {
  const auto device = std::make_shared<tests::emulated_device>();
  BOOST_TEST(tests::error_in_windows_and_groups(backend<bfloat16>(device), for_tensor_cores) <=
             tests::attention_rounding);
  BOOST_TEST(device->most_shared_asked_for() > 48U * 1024);
}

BOOST_AUTO_TEST_CASE(a_window_of_one_position_is_the_rows_own_value) {
  tests::a_window_of_one_is_the_value(make_backend<float>());
  tests::a_window_of_one_is_the_value(make_backend<bfloat16>());
  tests::a_window_of_one_is_the_value(make_backend<bfloat16>(), {4, 2, 64});
}

BOOST_AUTO_TEST_CASE(attention_in_windows_and_groups_has_the_derivative_of_its_forward) {
  const auto on = make_backend<float>();
  tests::for_each_grouped_attention<backend<float>>(
      [&](const auto& operation) {
        tests::the_derivative_along_a_gradient_is_its_length(on, operation, 1e-3);
      },
      few);
}

// Gradients are rounded to bfloat16 once for a group here, and once for each of its heads there.
BOOST_AUTO_TEST_CASE(grouped_queries_are_ungrouped_ones_with_keys_repeated) {
  tests::grouped_queries_repeat_keys(make_backend<float>(), 1e-6, tests::grouped_heads, few);
  tests::grouped_queries_repeat_keys(make_backend<bfloat16>(), std::exp2(-8.0), {{4, 2, 12}}, few);
  tests::grouped_queries_repeat_keys(make_backend<bfloat16>(), std::exp2(-8.0), {{4, 2, 64}}, few);
}

BOOST_AUTO_TEST_CASE(a_tree_is_its_paths_one_by_one_in_windows_and_groups) {
  tests::a_tree_is_its_paths(make_backend<float>(), 1e-6, few);
}

BOOST_AUTO_TEST_CASE(attention_of_a_row_has_the_same_bits_in_any_company) {
  tests::company_changes_no_bits(make_backend<float>(), few);
  tests::company_changes_no_bits(make_backend<bfloat16>(), few);
}

BOOST_AUTO_TEST_CASE(the_same_call_in_windows_and_groups_gives_the_same_bits) {
  const auto on = make_backend<bfloat16>();
  const std::vector<tree_node> nodes{{-1, 0, 70, 150}, {0, 70, 110, 110}, {0, 110, 150, 150}};
  for (const tests::attention_heads& heads : {tests::attention_heads{4, 2, 12}, {4, 2, 64}}) {
    const attention_rows rows{.nodes = nodes, .window = 50};
    const tests::attention_inputs in = tests::inputs_for(rows, heads);
    const tests::attention_results once = tests::attend(on, rows, in),
                                   again = tests::attend(on, rows, in);
    BOOST_TEST((once.out == again.out && once.log_sums == again.log_sums && once.d_q == again.d_q &&
                once.d_k == again.d_k && once.d_v == again.d_v));
  }
}
