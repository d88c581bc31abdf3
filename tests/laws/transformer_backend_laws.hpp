// SPDX-License-Identifier: MIT
#pragma once
// The laws that every transformer_backend must obey.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/backend/host.hpp"
#include "laws/numbers.hpp"
#include "laws/transformer_operations.hpp"

namespace prefopt::tests {

/// Central differences along random directions and along a few single elements agree with an
/// operation's backward pass. For backends of float64.
template <class Backend, class Operation>
void backward_agrees_with_finite_differences(const Backend& backend, const Operation& operation) {
  random_generator random(7);
  arguments at = random_arguments(operation, random);
  const numbers there = operation.forward(backend, at);
  numbers slopes(there.size());
  for (double& slope : slopes) slope = random.normal();
  const arguments gradients = operation.backward(backend, at, slopes);
  BOOST_REQUIRE_EQUAL(gradients.size(), at.size());
  constexpr double step = 1e-5;
  for (std::size_t input = 0; input < at.size(); ++input) {
    BOOST_REQUIRE_EQUAL(gradients[input].size(), at[input].size());
    for (int trial = 0; trial < 4; ++trial) {
      numbers direction(at[input].size());
      if (trial == 0)
        for (double& value : direction)
          value = random.normal() / std::sqrt(static_cast<double>(direction.size()));
      else
        direction[random.below(direction.size())] = 1;
      const auto output_at = [&](double distance_along) {
        arguments moved = at;
        for (std::size_t i = 0; i < direction.size(); ++i)
          moved[input][i] += distance_along * direction[i];
        return dot(operation.forward(backend, moved), slopes);
      };
      const double measured = (output_at(step) - output_at(-step)) / (2 * step);
      const double claimed = dot(gradients[input], direction);
      BOOST_TEST(std::abs(measured - claimed) <= 1e-7 * std::max(1.0, std::abs(claimed)),
                 "input " << input << " trial " << trial << ": differences give " << measured
                          << ", the backward gives " << claimed);
    }
  }
}

/// The derivative of an operation's forward pass along the gradient that its backward pass gives is
/// that gradient's length. For backends of float32: along this direction, differences are larger
/// than what rounding makes of them.
template <class Backend, class Operation>
void the_derivative_along_a_gradient_is_its_length(const Backend& backend,
                                                   const Operation& operation, double tolerance) {
  random_generator random(37);
  const arguments at = random_arguments(operation, random);
  numbers slopes(operation.forward(backend, at).size());
  for (double& slope : slopes) slope = random.normal();
  const arguments gradients = operation.backward(backend, at, slopes);
  constexpr double step = 0.1;
  for (std::size_t input = 0; input < at.size(); ++input) {
    const double length = std::sqrt(dot(gradients[input], gradients[input]));
    const auto output_at = [&](double distance_along) {
      arguments moved = at;
      for (std::size_t i = 0; i < moved[input].size(); ++i)
        moved[input][i] += distance_along / length * gradients[input][i];
      return dot(operation.forward(backend, moved), slopes);
    };
    const double measured = (output_at(step) - output_at(-step)) / (2 * step);
    BOOST_TEST(std::abs(measured - length) <= tolerance * length,
               "input " << input << ": differences give " << measured
                        << ", the gradient's length is " << length);
  }
}

/// backward_agrees_with_finite_differences for every operation.
template <class Backend>
void backward_agrees_with_finite_differences(const Backend& backend) {
  for_each_operation<Backend>([&](std::string_view name, const auto& operation) {
    BOOST_TEST_CONTEXT(name) { backward_agrees_with_finite_differences(backend, operation); }
  });
}

/// Forward and backward agree with another backend's, each output within `tolerance` of its size.
template <class Backend, class Reference>
void operations_agree(const Backend& backend, const Reference& reference, double tolerance) {
  std::map<std::string, std::pair<numbers, arguments>> expected;  // the reference may do more
  const auto run = [](const auto& operation, const auto& on) {
    random_generator random(11);
    arguments at = random_arguments(operation, random);
    for (numbers& values : at)
      // what every backend can represent
      for (double& value : values) value = static_cast<float>(value);
    numbers out = operation.forward(on, at);
    numbers slopes(out.size());
    for (double& slope : slopes) slope = static_cast<float>(random.normal());
    return std::pair{std::move(out), operation.backward(on, at, slopes)};
  };
  for_each_operation_and_size<Reference>([&](std::string_view name, const auto& operation) {
    expected[std::string(name)] = run(operation, reference);
  });
  for_each_operation_and_size<Backend>([&](std::string_view name, const auto& operation) {
    BOOST_TEST_CONTEXT(name) {
      const auto& [out, gradients] = expected.at(std::string(name));
      const auto [my_out, my_gradients] = run(operation, backend);
      BOOST_TEST(distance(my_out, out) <= tolerance);
      for (std::size_t input = 0; input < gradients.size(); ++input)
        BOOST_TEST(distance(my_gradients[input], gradients[input]) <= tolerance,
                   "gradient of input " << input);
    }
  });
}

/// Every operation, called again, gives the same bits.
template <class Backend>
void the_same_call_gives_the_same_bits(const Backend& backend) {
  for_each_operation_and_size<Backend>([&](std::string_view name, const auto& operation) {
    BOOST_TEST_CONTEXT(name) {
      random_generator random(13);
      const arguments at = random_arguments(operation, random);
      const numbers out = operation.forward(backend, at);
      const arguments gradients = operation.backward(backend, at, numbers(out.size(), 0.25));
      BOOST_TEST(operation.forward(backend, at) == out);
      BOOST_TEST(operation.backward(backend, at, numbers(out.size(), 0.25)) == gradients);
    }
  });
}

/// The optimizer's operations agree with plain loops, and an element without any gradient stays
/// where it is even if epsilon is 0.
template <class Backend>
void optimizer_operations_agree_with_plain_loops(const Backend& backend, double tolerance) {
  const host_backend<double> plain;
  random_generator random(17);
  constexpr std::size_t size = 9001;
  numbers value(size), gradient(size), first(size), second(size);
  for (std::size_t i = 0; i < size; ++i) {
    value[i] = static_cast<float>(random.normal());
    gradient[i] = static_cast<float>(random.normal());
    first[i] = static_cast<float>(0.1 * random.normal());
    second[i] = static_cast<float>(random.uniform());
  }
  gradient[5] = first[5] = second[5] = 0;
  gradient[6] = 1e-22, first[6] = second[6] = 0;  // its square is 0 in float
  on_backend<Backend> my_value(backend, value), my_gradient(backend, gradient),
      my_first(backend, first), my_second(backend, second);
  using value_type = typename Backend::value_type;
  const auto both = my_gradient.flat();  // in two parts
  const std::vector<std::span<const value_type>> parts{both.first(5000), both.subspan(5000)};
  BOOST_TEST(backend.sum_of_squares(parts) ==
                 plain.sum_of_squares(std::vector{std::span<const double>(gradient)}),
             boost::test_tools::tolerance(1e-12));
  const adamw_coefficients coefficients = {.rate = 0.01,
                                           .decay = 0.99,
                                           .epsilon = 0,
                                           .first_correction = 1.5,
                                           .second_correction = 20,
                                           .gradient_scale = 0.3};
  const auto parts_of = [](auto v, auto g, auto m1, auto m2) {
    using real = typename decltype(v)::value_type;
    return std::vector<adamw_tensor<real>>{
        {v.first(5000), g.first(5000), m1.first(5000), m2.first(5000), true},
        {v.subspan(5000), g.subspan(5000), m1.subspan(5000), m2.subspan(5000), false}};
  };
  backend.adamw(parts_of(my_value.flat(), my_gradient.flat(), my_first.flat(), my_second.flat()),
                coefficients);
  plain.adamw(parts_of(std::span(value), std::span(gradient), std::span(first), std::span(second)),
              coefficients);
  numbers mine = my_value.host();
  // by one step if its square is not 0, by none if it is
  BOOST_TEST(std::abs(mine[6] - value[6]) <= 0.1);
  mine[6] = value[6];
  BOOST_TEST(distance(mine, value) <= tolerance);
  BOOST_TEST(distance(my_first.host(), first) <= tolerance);
  BOOST_TEST(distance(my_second.host(), second) <= tolerance);
  BOOST_TEST(std::isfinite(value[5]));
  BOOST_TEST(std::abs(my_value.host()[5] - value[5]) <= tolerance);
}

}  // namespace prefopt::tests
