// SPDX-License-Identifier: MIT
// Grouped queries and windows in attention on a GPU: one warp per row, and tensor cores, which
// bfloat16 and heads of 64 and 128 channels use.

#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/cuda.hpp"
#include "laws/grouped_attention_laws.hpp"
#include "laws/transformer_backend_laws.hpp"

using namespace prefopt;

namespace {

const std::vector<tests::attention_heads> for_tensor_cores = {{4, 2, 64}, {2, 1, 128}};

}  // namespace

BOOST_AUTO_TEST_CASE(windows_and_groups_agree_with_plain_loops_along_each_path) {
  BOOST_TEST(tests::error_in_windows_and_groups(cuda_backend<float>{}) <= 1e-5);
  const cuda_backend<bfloat16> on;
  BOOST_TEST(tests::error_in_windows_and_groups(on, {{4, 2, 12}}) <= tests::attention_rounding);
  BOOST_TEST(tests::error_in_windows_and_groups(on, for_tensor_cores) <= tests::attention_rounding);
}

BOOST_AUTO_TEST_CASE(windows_and_groups_obey_their_laws) {
  const cuda_backend<float> whole;
  const cuda_backend<bfloat16> rounded;
  tests::a_window_of_one_is_the_value(whole);
  tests::a_window_of_one_is_the_value(rounded, {4, 2, 64});
  tests::grouped_queries_repeat_keys(whole, 1e-6);
  tests::grouped_queries_repeat_keys(rounded, std::exp2(-8.0), for_tensor_cores);
  tests::a_tree_is_its_paths(whole, 1e-6);
  tests::company_changes_no_bits(whole);
  tests::company_changes_no_bits(rounded);  // heads of 12 channels: by warps
  tests::for_each_grouped_attention<cuda_backend<float>>([&](const auto& operation) {
    tests::the_derivative_along_a_gradient_is_its_length(whole, operation, 1e-3);
  });
}
