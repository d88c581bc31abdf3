// SPDX-License-Identifier: MIT
// The CPU backend's operations: finite differences in float64, float32 against float64, several
// threads against one.

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/eigen.hpp"
#include "laws/grouped_attention_laws.hpp"
#include "laws/linear_laws.hpp"
#include "laws/rounded_weight_laws.hpp"
#include "laws/transformer_backend_laws.hpp"

using prefopt::eigen_backend;

namespace {

/// Sees `more` positions than a window allows, or fewer.
struct off_in_windows : eigen_backend<double> {
  explicit off_in_windows(int more) : more_(more) {}
  template <class... Rest>
  void tree_attention(prefopt::attention_rows rows, const Rest&... rest) const {
    if (rows.window > 1) rows.window += static_cast<std::size_t>(more_);
    eigen_backend<double>::tree_attention(rows, rest...);
  }
  template <class... Rest>
  void tree_attention_backward(prefopt::attention_rows rows, const Rest&... rest) const {
    if (rows.window > 1) rows.window += static_cast<std::size_t>(more_);
    eigen_backend<double>::tree_attention_backward(rows, rest...);
  }

 private:
  int more_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_backward_is_the_derivative_of_its_forward) {
  prefopt::tests::backward_agrees_with_finite_differences(eigen_backend<double>{});
}

BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  prefopt::tests::operations_agree(eigen_backend<float>{}, eigen_backend<double>{}, 1e-5);
}

// A bfloat16 has 8 bits of fraction, so an operand is off by up to 2^-9 of itself, one and a half
// bits less in the root mean square; errors of independent operands add in quadrature, and an
// operation's backward pass rounds again what its forward pass rounded.
BOOST_AUTO_TEST_CASE(bfloat16_agrees_with_float64_to_its_rounding) {
  BOOST_TEST_MESSAGE("bfloat16 runs on " << eigen_backend<prefopt::bfloat16>{}.instruction_set());
  prefopt::tests::operations_agree(eigen_backend<prefopt::bfloat16>{}, eigen_backend<double>{},
                                   4 * std::exp2(-9.0));
}

BOOST_AUTO_TEST_CASE(the_same_call_gives_the_same_bits) {
  prefopt::tests::the_same_call_gives_the_same_bits(eigen_backend<float>{});
  prefopt::tests::the_same_call_gives_the_same_bits(eigen_backend<prefopt::bfloat16>{});
}

BOOST_AUTO_TEST_CASE(windows_and_grouped_queries_agree_with_plain_loops_along_each_path) {
  using prefopt::tests::error_in_windows_and_groups;
  BOOST_TEST(error_in_windows_and_groups(eigen_backend<double>{}) <= 1e-13);
  BOOST_TEST(error_in_windows_and_groups(eigen_backend<float>{}) <= 1e-5);
  BOOST_TEST(error_in_windows_and_groups(eigen_backend<prefopt::bfloat16>{}) <=
             4 * std::exp2(-9.0));
  for (const int more : {-1, 1})
    BOOST_TEST(error_in_windows_and_groups(off_in_windows(more)) > 4 * std::exp2(-9.0));
}

BOOST_AUTO_TEST_CASE(a_window_of_one_position_is_the_rows_own_value) {
  prefopt::tests::a_window_of_one_is_the_value(eigen_backend<float>{});
  prefopt::tests::a_window_of_one_is_the_value(eigen_backend<prefopt::bfloat16>{});
}

BOOST_AUTO_TEST_CASE(attention_in_windows_and_groups_has_the_derivative_of_its_forward) {
  prefopt::tests::for_each_grouped_attention<eigen_backend<double>>([](const auto& operation) {
    prefopt::tests::backward_agrees_with_finite_differences(eigen_backend<double>{}, operation);
  });
}

BOOST_AUTO_TEST_CASE(grouped_queries_are_ungrouped_ones_with_keys_repeated) {
  prefopt::tests::grouped_queries_repeat_keys(eigen_backend<float>{}, 1e-6);
  prefopt::tests::grouped_queries_repeat_keys(eigen_backend<double>{}, 1e-14);
  prefopt::tests::grouped_queries_repeat_keys(eigen_backend<prefopt::bfloat16>{}, 1e-6);
}

BOOST_AUTO_TEST_CASE(a_tree_is_its_paths_one_by_one_in_windows_and_groups) {
  prefopt::tests::a_tree_is_its_paths(eigen_backend<float>{}, 1e-6);
  prefopt::tests::a_tree_is_its_paths(eigen_backend<double>{}, 1e-14);
  prefopt::tests::a_tree_is_its_paths(eigen_backend<prefopt::bfloat16>{}, 4 * std::exp2(-9.0));
}

BOOST_AUTO_TEST_CASE(attention_of_a_row_has_the_same_bits_in_any_company) {
  prefopt::tests::company_changes_no_bits(eigen_backend<float>{});
  prefopt::tests::company_changes_no_bits(eigen_backend<double>{});
  prefopt::tests::company_changes_no_bits(eigen_backend<prefopt::bfloat16>{});
}

namespace {

/// Calls visit(make), where make(threads) is a backend, for every type that products compute in.
template <class Visitor>
void for_each_eigen_backend(const Visitor& visit) {
  visit([](int threads) { return eigen_backend<float>({.threads = threads}); });
  visit([](int threads) { return eigen_backend<double>({.threads = threads}); });
  visit([](int threads) { return eigen_backend<prefopt::bfloat16>({.threads = threads}); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(linear_layers_in_every_form_agree_with_plain_loops) {
  prefopt::tests::linear_agrees_with_plain_loops(eigen_backend<double>{}, 1e-14);
  prefopt::tests::linear_agrees_with_plain_loops(eigen_backend<float>{}, 1e-6);
  prefopt::tests::linear_agrees_with_plain_loops(eigen_backend<prefopt::bfloat16>{},
                                                 2 * std::exp2(-9.0));
}

// Products sum over the depth in the same order no matter how their operands are stored.
BOOST_AUTO_TEST_CASE(a_weight_has_the_same_bits_in_both_orders) {
  for_each_eigen_backend([](const auto& make) {
    for (const auto& sizes : prefopt::tests::sizes_around_tiles())
      prefopt::tests::both_orders_agree(make(1), sizes, 0);
  });
}

BOOST_AUTO_TEST_CASE(a_layer_without_a_bias_has_the_bits_of_one_with_zeros) {
  for_each_eigen_backend(
      [](const auto& make) { prefopt::tests::no_bias_is_a_bias_of_zeros(make(1)); });
}

BOOST_AUTO_TEST_CASE(what_is_frozen_is_left_out_and_changes_no_other_bit) {
  for_each_eigen_backend([](const auto& make) {
    prefopt::tests::a_frozen_weight_or_bias_changes_no_other_bit(make(1));
  });
}

BOOST_AUTO_TEST_CASE(weights_stored_as_bfloat16_have_the_bits_of_their_numbers) {
  for_each_eigen_backend([](const auto& make) {
    prefopt::tests::rounded_linear_weights_have_the_bits_of_their_numbers(
        make(2), prefopt::tests::sizes_around_tiles());
    prefopt::tests::rounded_tables_have_the_bits_of_their_numbers(make(2));
  });
}

BOOST_AUTO_TEST_CASE(a_row_of_a_linear_layer_does_not_depend_on_its_company) {
  for_each_eigen_backend(
      [](const auto& make) { prefopt::tests::a_row_does_not_depend_on_its_company(make(1)); });
}

BOOST_AUTO_TEST_CASE(the_optimizer_agrees_with_plain_loops) {
  prefopt::tests::optimizer_operations_agree_with_plain_loops(eigen_backend<float>{}, 1e-6);
  prefopt::tests::optimizer_operations_agree_with_plain_loops(eigen_backend<double>{}, 1e-13);
}

#ifdef _OPENMP
BOOST_AUTO_TEST_CASE(linear_layers_have_the_same_bits_for_any_number_of_threads) {
  for_each_eigen_backend([](const auto& make) {
    for (const int threads : {2, 3, 5}) prefopt::tests::linear_bits_agree(make(threads), make(1));
  });
}

BOOST_AUTO_TEST_CASE(the_sum_of_squares_has_the_same_bits_for_any_number_of_threads) {
  std::vector<float> values(10001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1 / static_cast<float>(i + 1);
  const std::vector<std::span<const float>> tensors{values};
  const double one = eigen_backend<float>{}.sum_of_squares(tensors);
  for (const int threads : {2, 3, 7})
    BOOST_TEST(eigen_backend<float>({.threads = threads}).sum_of_squares(tensors) == one);
}

BOOST_AUTO_TEST_CASE(grouped_attention_has_the_same_bits_for_any_number_of_threads) {
  using backend = eigen_backend<float>;
  prefopt::tests::for_each_grouped_attention<backend>([](const auto& operation) {
    prefopt::random_generator random(13);
    const auto at = prefopt::tests::random_arguments(operation, random);
    const auto out = operation.forward(backend{}, at);
    const auto gradients = operation.backward(backend{}, at, out);
    for (const int threads : {2, 3, 7}) {
      BOOST_TEST(operation.forward(backend{{.threads = threads}}, at) == out);
      BOOST_TEST(operation.backward(backend{{.threads = threads}}, at, out) == gradients);
    }
  });
}

BOOST_AUTO_TEST_CASE(what_a_thread_throws_reaches_the_caller) {
  const auto work = [](std::size_t task) {
    if (task == 3) throw prefopt::value_error("from a thread");
  };
  BOOST_CHECK_THROW(prefopt::detail::parallel_tasks(3, 8, work), prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(threads_change_results_by_rounding_only) {
  for (const int threads : {2, 3, 5})
    prefopt::tests::operations_agree(eigen_backend<double>{{.threads = threads}},
                                     eigen_backend<double>{}, 1e-13);
}
#endif

BOOST_AUTO_TEST_CASE(a_number_of_threads_that_is_none_is_refused) {
  BOOST_CHECK_THROW(eigen_backend<float>({.threads = 0}), prefopt::value_error);
  BOOST_CHECK_THROW(eigen_backend<float>({.threads = -1}), prefopt::value_error);
  BOOST_CHECK_THROW(eigen_backend<float>({.threads = 1 << 20}), prefopt::value_error);
}
