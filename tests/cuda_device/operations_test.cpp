// SPDX-License-Identifier: MIT
// The CUDA machine's operations on a GPU beside the CPU machine's in float64, at sizes that no tile divides.

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "laws/transformer_machine_laws.hpp"
#include "prefopt/cuda.hpp"
#include "prefopt/eigen/backend.hpp"

using namespace prefopt;

BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  tests::operations_agree(cuda_backend<float>{}, eigen_backend<double>{}, 1e-5);
}

// An operand rounded to 10 bits of fraction is off by up to 2^-11 of itself.
BOOST_AUTO_TEST_CASE(tf32_agrees_with_float64_to_its_rounding) {
  tests::operations_agree(cuda_backend<float>{{.tf32 = true}}, eigen_backend<double>{}, 8 * std::exp2(-11.0));
}

// As for the same kernels on the host (tests/cuda/operations_test.cpp), whose products add a bias that is not rounded.
BOOST_AUTO_TEST_CASE(bfloat16_agrees_with_float64_to_its_rounding) {
  tests::operations_agree(cuda_backend<bfloat16>{}, eigen_backend<double>{}, 8 * std::exp2(-9.0));
}

BOOST_AUTO_TEST_CASE(the_same_call_gives_the_same_bits) {
  tests::the_same_call_gives_the_same_bits(cuda_backend<float>{});
  tests::the_same_call_gives_the_same_bits(cuda_backend<bfloat16>{});
}

BOOST_AUTO_TEST_CASE(the_optimizer_agrees_with_plain_loops) {
  tests::optimizer_operations_agree_with_plain_loops(cuda_backend<float>{}, 1e-6);
}
