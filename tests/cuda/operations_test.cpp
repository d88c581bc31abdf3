// SPDX-License-Identifier: MIT
// The CUDA machine's operations, its kernels run thread by thread on the host, beside the CPU machine's in float64.

#include "prefopt/cuda/operations.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <memory>

#include "cuda/emulated_device.hpp"
#include "laws/transformer_machine_laws.hpp"
#include "prefopt/eigen/backend.hpp"

using namespace prefopt;

namespace {

template <class Activation>
using machine = cuda_backend<Activation, tests::emulated_device>;

template <class Activation>
machine<Activation> make_machine() {
  return machine<Activation>(std::make_shared<tests::emulated_device>());
}

}  // namespace

BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  tests::operations_agree(make_machine<float>(), eigen_backend<double>{}, 1e-5);
}

// A bfloat16 is off by up to 2^-9 of itself. Inputs, weights, what is kept for the backward and the outputs are
// rounded, each once; errors of independent numbers add up as squares do, and an output is a sum over few of them here.
BOOST_AUTO_TEST_CASE(bfloat16_agrees_with_float64_to_its_rounding) {
  tests::operations_agree(make_machine<bfloat16>(), eigen_backend<double>{}, 8 * std::exp2(-9.0));
}

BOOST_AUTO_TEST_CASE(the_same_call_gives_the_same_bits) {
  tests::the_same_call_gives_the_same_bits(make_machine<float>());
  tests::the_same_call_gives_the_same_bits(make_machine<bfloat16>());
}

BOOST_AUTO_TEST_CASE(the_optimizer_agrees_with_plain_loops) {
  tests::optimizer_operations_agree_with_plain_loops(make_machine<float>(), 1e-6);
}

// The vocabulary is 1,300: a row at a time, two, and all.
BOOST_AUTO_TEST_CASE(log_probs_do_not_depend_on_how_many_logits_are_held) {
  const auto with = [](std::size_t logits) {
    return machine<bfloat16>(std::make_shared<tests::emulated_device>(), {.head_logits = logits});
  };
  tests::head_operation<machine<bfloat16>> operation;
  random_generator random(4);
  const auto at = tests::random_arguments(operation, random);
  const auto all = operation.forward(with(1 << 20), at);
  const auto gradients = operation.backward(with(1 << 20), at, tests::numbers(all.size(), 0.25));
  for (const std::size_t logits : {1U, 2700U}) {
    BOOST_TEST(operation.forward(with(logits), at) == all);
    BOOST_TEST(operation.backward(with(logits), at, tests::numbers(all.size(), 0.25)) == gradients);
  }
}

BOOST_AUTO_TEST_CASE(a_head_that_is_too_wide_is_refused) {
  const auto m = make_machine<float>();
  tests::attention_operation<machine<float>> operation{.heads = 1, .channels = 300};
  BOOST_CHECK_THROW(operation.forward(m, tests::arguments{tests::numbers(170 * 300), tests::numbers(170 * 300),
                                                          tests::numbers(170 * 300)}),
                    shape_error);
}
