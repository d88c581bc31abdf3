// SPDX-License-Identifier: MIT
// The CUDA backend's operations on a GPU against the CPU backend's in float64, at sizes that no
// tile divides.

#include <cmath>
#include <string_view>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "prefopt/cuda.hpp"
#include "prefopt/eigen.hpp"
#include "laws/row_operation_laws.hpp"
#include "laws/transformer_backend_laws.hpp"

using namespace prefopt;

BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  tests::operations_agree(cuda_backend<float>{}, eigen_backend<double>{}, 1e-5);
}

// An operand rounded to 10 bits of fraction is off by up to 2^-11 of itself.
BOOST_AUTO_TEST_CASE(tf32_agrees_with_float64_to_its_rounding) {
  tests::operations_agree(cuda_backend<float>{{.tf32 = true}}, eigen_backend<double>{},
                          8 * std::exp2(-11.0));
}

// As for the same kernels on the host (tests/cuda/operations_test.cpp), whose products add a bias
// that is not rounded.
BOOST_AUTO_TEST_CASE(bfloat16_agrees_with_float64_to_its_rounding) {
  tests::operations_agree(cuda_backend<bfloat16>{}, eigen_backend<double>{}, 8 * std::exp2(-9.0));
}

// A model's extents are multiples of 32, except for the rows of its batches. If cuBLASLt could not
// compute one of these products, all other tests would pass, but steps would take several times as
// long.
BOOST_AUTO_TEST_CASE(the_products_of_a_model_are_all_fused) {
  const auto check_backend = [](const auto& on) {
    using backend = std::remove_cvref_t<decltype(on)>;
    tests::for_each_vector_operation<backend>([&](std::string_view, const auto& operation) {
      random_generator random(3);
      const auto at = tests::random_arguments(operation, random);
      (void)operation.backward(on, at, operation.forward(on, at));
    });
    for (const product_fallback& slow : on.product_fallbacks())
      BOOST_ERROR(slow.product << ": " << slow.calls << " times "
                               << (slow.way == product_way::own_kernel ? "by our own kernel"
                                                                       : "as a plain product"));
  };
  check_backend(cuda_backend<bfloat16>{});
  check_backend(cuda_backend<float>{});
}

BOOST_AUTO_TEST_CASE(the_same_call_gives_the_same_bits) {
  tests::the_same_call_gives_the_same_bits(cuda_backend<float>{});
  tests::the_same_call_gives_the_same_bits(cuda_backend<bfloat16>{});
}

BOOST_AUTO_TEST_CASE(operations_on_rows_obey_their_laws) {
  const auto check_backend = [](const auto& on, double few_roundings) {
    tests::rms_norm_has_the_numbers_of_its_formula(on, few_roundings);
    tests::rotate_has_the_numbers_of_its_formula(on, few_roundings);
    tests::gate_has_the_numbers_of_its_formula(on, few_roundings);
    tests::a_rotation_table_has_the_angles_of_its_positions(on);
    tests::the_inverse_rotates_back(on, few_roundings);
    tests::a_rotated_product_depends_on_the_distance_only(on, few_roundings);
    tests::silu_has_its_limits(on);
    tests::a_row_has_the_same_bits_in_any_company(on, on);
  };
  check_backend(cuda_backend<float>{}, 1e-6);
  check_backend(cuda_backend<bfloat16>{}, 2 * std::exp2(-9.0));
}

BOOST_AUTO_TEST_CASE(the_optimizer_agrees_with_plain_loops) {
  tests::optimizer_operations_agree_with_plain_loops(cuda_backend<float>{}, 1e-6);
}
