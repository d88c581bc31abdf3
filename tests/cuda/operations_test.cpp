// SPDX-License-Identifier: MIT
// The CUDA backend's operations, with its kernels run thread by thread on the host, against the CPU
// backend's in float64.

#include "prefopt/cuda/operations.hpp"

#include <cmath>
#include <memory>
#include <new>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/eigen.hpp"
#include "prefopt/policy/microbatch_tokens.hpp"
#include "prefopt/train/trainer_options.hpp"
#include "cuda/emulated_backend.hpp"
#include "laws/linear_laws.hpp"
#include "laws/rounded_weight_laws.hpp"
#include "laws/transformer_backend_laws.hpp"

using namespace prefopt;

namespace {

template <class Activation>
using backend = tests::emulated_backend<Activation>;
using tests::make_backend;

}  // namespace

BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  tests::operations_agree(make_backend<float>(), eigen_backend<double>{}, 1e-5);
}

// A bfloat16 is off by up to 2^-9 of itself. Inputs, weights, what is kept for the backward pass
// and the outputs are rounded, each once; errors of independent numbers add in quadrature, and an
// output is a sum over few of them here.
BOOST_AUTO_TEST_CASE(bfloat16_agrees_with_float64_to_its_rounding) {
  tests::operations_agree(make_backend<bfloat16>(), eigen_backend<double>{}, 8 * std::exp2(-9.0));
}

BOOST_AUTO_TEST_CASE(the_same_call_gives_the_same_bits) {
  tests::the_same_call_gives_the_same_bits(make_backend<float>());
  tests::the_same_call_gives_the_same_bits(make_backend<bfloat16>());
}

BOOST_AUTO_TEST_CASE(linear_layers_obey_their_laws_in_every_form) {
  const auto check_backend = [](const auto& on, double unit) {
    tests::linear_agrees_with_plain_loops(on, 2 * unit);
    for (const tests::operation_sizes& sizes :
         {tests::operation_sizes{}, {.rows = 1, .in = 1, .out = 1}, {17, 130, 3}, {3, 17, 130}})
      tests::both_orders_agree(on, sizes, unit);
    tests::no_bias_is_a_bias_of_zeros(on);
    tests::a_frozen_weight_or_bias_changes_no_other_bit(on);
    tests::a_row_does_not_depend_on_its_company(on);
  };
  check_backend(make_backend<float>(), 1e-6);
  check_backend(make_backend<bfloat16>(), std::exp2(-9.0));
}

// Products of float32 do not read bfloat16.
BOOST_AUTO_TEST_CASE(weights_stored_as_bfloat16_have_the_bits_of_their_numbers) {
  const auto on = make_backend<bfloat16>();
  tests::rounded_linear_weights_have_the_bits_of_their_numbers(
      on, {tests::operation_sizes{}, {17, 130, 3}, {3, 17, 130}});
  tests::rounded_tables_have_the_bits_of_their_numbers(on);

  const auto exact = make_backend<float>();
  tests::backend_numbers<backend<float>, bfloat16> weight(exact, tests::numbers(6, 1.0));
  tests::activations<backend<float>> x(exact, {1, 2}), y(exact, {0, 0, 0});
  BOOST_CHECK_THROW(
      exact.linear(x.matrix(2), linear_weight<const float>(weight.matrix(3)), {}, y.matrix(3)),
      value_error);
}

BOOST_AUTO_TEST_CASE(the_optimizer_agrees_with_plain_loops) {
  tests::optimizer_operations_agree_with_plain_loops(make_backend<float>(), 1e-6);
}

// The vocabulary is 1,300: a row at a time, two, and all.
BOOST_AUTO_TEST_CASE(log_probs_do_not_depend_on_how_many_logits_are_held) {
  const auto with = [](std::size_t logits) {
    return backend<bfloat16>(std::make_shared<tests::emulated_device>(), {.head_logits = logits});
  };
  tests::head_operation<backend<bfloat16>> operation;
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
  const auto m = make_backend<float>();
  tests::attention_operation<backend<float>> operation{.heads = 1, .channels = 300};
  BOOST_CHECK_THROW(static_cast<void>(operation.forward(
                        m, tests::arguments{tests::numbers(170 * 300), tests::numbers(170 * 300),
                                            tests::numbers(170 * 300)})),
                    shape_error);
}

// If there was no memory for a rounded weight, no copy is kept: the next call asks again.
BOOST_AUTO_TEST_CASE(a_weight_is_rounded_again_where_memory_ran_out) {
  const auto device = std::make_shared<tests::emulated_device>();
  const backend<bfloat16> on(device);
  tests::linear_operation<backend<bfloat16>> operation;
  random_generator random(4);
  const auto at = tests::random_arguments(operation, random);
  const auto expected = operation.forward(on, at);
  tests::activations<backend<bfloat16>> x(on, at[0]), y(on, expected);
  tests::on_backend<backend<bfloat16>> weight(on, at[1]), bias(on, at[2]);
  const auto again = [&] {
    on.linear(x.matrix(operation.s.in), weight.matrix(operation.s.out), bias.flat(),
              y.matrix(operation.s.out));
  };
  device->refuse_scratch(true);
  BOOST_CHECK_THROW(again(), std::bad_alloc);
  device->refuse_scratch(false);
  again();
  BOOST_TEST(y.host() == expected);
}

// Rounding costs a pass over the weight, so a copy stays until its own weight may have changed.
BOOST_AUTO_TEST_CASE(a_rounded_weight_is_forgotten_where_it_is_written_and_only_there) {
  const auto device = std::make_shared<tests::emulated_device>();
  const backend<bfloat16> on(device);
  tests::activations<backend<bfloat16>> x(on, {1, 2}), y(on, {0});
  tests::on_backend<backend<bfloat16>> weight(on, {3, 4}), bias(on, {0}), gradient(on, {0, 0});
  const auto product = [&] {
    on.linear(x.matrix(2), weight.matrix(1), bias.flat(), y.matrix(1));
    return y.host()[0];
  };
  BOOST_TEST(product() == 11);
  const std::size_t launched = device->launches();
  on.fill(gradient.flat(), 0);
  BOOST_TEST(product() == 11);
  BOOST_TEST(device->launches() == launched + 1);  // by fill: nothing is rounded again
  on.fill(weight.flat().last(1), 5);
  BOOST_TEST(product() == 13);
  on.copy_from_host(std::vector<float>{7}, weight.flat().first(1));
  BOOST_TEST(product() == 17);
  on.copy(weight.flat().first(1), weight.flat().last(1));
  BOOST_TEST(product() == 21);
}

BOOST_AUTO_TEST_CASE(
    without_a_library_of_products_all_operations_agree_and_the_backend_says_which_were_slow) {
  const auto device = std::make_shared<tests::emulated_device>();
  device->give_library(tests::emulated_device::library::plain_products);
  const backend<bfloat16> on(device);
  const eigen_backend<double> cpu;
  tests::feed_forward_operation<backend<bfloat16>, activation_function::gelu_new> operation;
  tests::feed_forward_operation<eigen_backend<double>, activation_function::gelu_new> reference;
  random_generator random(4);
  const auto at = tests::random_arguments(operation, random);
  const auto out = operation.forward(on, at);
  BOOST_TEST(tests::distance(out, reference.forward(cpu, at)) <= 8 * std::exp2(-9.0));
  const tests::numbers slopes(out.size(), 0.25);
  const auto mine = operation.backward(on, at, slopes),
             expected = reference.backward(cpu, at, slopes);
  for (std::size_t i = 0; i < mine.size(); ++i)
    BOOST_TEST(tests::distance(mine[i], expected[i]) <= 8 * std::exp2(-9.0));
  const auto slow = on.product_fallbacks();  // gelu forward (twice, of one shape) and backward
  BOOST_REQUIRE(slow.size() == 2U);
  BOOST_TEST(slow[0].product.ends_with(", gelu"));
  BOOST_TEST(slow[0].calls == 2U);
  BOOST_TEST(slow[1].product.ends_with(", gelu backward"));
}

// Our own kernels finish float32: cuBLASLt's tanh has about bfloat16's precision.
BOOST_AUTO_TEST_CASE(float32_asks_no_library_for_an_activation) {
  const auto device = std::make_shared<tests::emulated_device>();
  device->give_library(tests::emulated_device::library::plain_products);
  const backend<float> on(device);
  tests::feed_forward_operation<backend<float>, activation_function::gelu_new> operation;
  random_generator random(4);
  const auto at = tests::random_arguments(operation, random);
  (void)operation.backward(on, at, operation.forward(on, at));
  BOOST_TEST(on.product_fallbacks().empty());
}

BOOST_AUTO_TEST_CASE(a_device_prefers_passes_that_fill_it_and_fit_into_its_memory) {
  const auto device = std::make_shared<tests::emulated_device>();
  const backend<bfloat16> on(device);
  const auto with = [&](std::size_t gibibytes) {
    device->have_memory(gibibytes << 30);
    return preferred_tokens(on);
  };
  BOOST_TEST(with(8) == 4096U);
  BOOST_TEST(with(24) == 4096U);
  BOOST_TEST(with(80) == 20480U);
  BOOST_TEST(with(139) == 32768U);
  BOOST_TEST(with(1000) == 32768U);
  BOOST_TEST(preferred_tokens(eigen_backend<float>{}) == standard_microbatch_tokens);
  BOOST_TEST(*on_backend(on, trainer_options{}).tokens_per_microbatch == 32768);
  BOOST_TEST(*on_backend(on, trainer_options{.tokens_per_microbatch = 9}).tokens_per_microbatch ==
             9);
  // all at once
  BOOST_TEST(*on_backend(on, trainer_options{.tokens_per_microbatch = 0}).tokens_per_microbatch ==
             0);
}
