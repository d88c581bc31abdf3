// SPDX-License-Identifier: MIT
#pragma once
// The laws of a linear_backend's forms: a weight in either order, a layer without a bias, a frozen
// weight. That each form's backward is the derivative of its forward is a law of all operations
// (transformer_backend_laws.hpp).

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "laws/linear_operations.hpp"
#include "laws/transformer_operations.hpp"

namespace prefopt::tests {

/// Around the tiles of all kernels, and several blocks in each dimension.
[[nodiscard]] inline std::vector<operation_sizes> sizes_around_tiles() {
  std::vector<operation_sizes> all;
  for (const std::size_t rows : {1U, 3U, 17U, 130U})
    for (const std::size_t in : {1U, 3U, 17U, 130U})
      for (const std::size_t out : {1U, 3U, 17U, 130U}) all.push_back({rows, in, out});
  for (const operation_sizes& long_one :
       {operation_sizes{2100, 17, 30}, {20, 2100, 30}, {20, 17, 2100}})
    all.push_back(long_one);
  return all;
}

/// [in, out] as [out, in].
[[nodiscard]] inline numbers transposed(const numbers& values, std::size_t in, std::size_t out) {
  numbers turned(values.size());
  for (std::size_t i = 0; i < in; ++i)
    for (std::size_t j = 0; j < out; ++j) turned[j * in + i] = values[i * out + j];
  return turned;
}

/// y = x W + b agrees with plain loops in every form.
template <class Backend>
void linear_agrees_with_plain_loops(const Backend& backend, double tolerance) {
  for (const layer_form& form : layer_forms) {
    const linear_operation<Backend> operation{{}, form};
    const operation_sizes& s = operation.s;
    random_generator random(19);
    const arguments at = random_arguments(operation, random);
    numbers expected;
    for (std::size_t row = 0; row < s.rows; ++row)
      for (std::size_t j = 0; j < s.out; ++j) {
        expected.push_back(form.biased ? at[2][j] : 0);
        for (std::size_t i = 0; i < s.in; ++i)
          expected.back() +=
              at[0][row * s.in + i] *
              at[1][form.order == weight_order::in_out ? i * s.out + j : j * s.in + i];
      }
    BOOST_TEST(distance(operation.forward(backend, at), expected) <= tolerance, form.words());
  }
}

/// Forward and backward of a weight [out, in] are those of its transpose [in, out], each output
/// within `tolerance` of its size; with a tolerance of 0, to the bit.
template <class Backend>
void both_orders_agree(const Backend& backend, const operation_sizes& s, double tolerance) {
  for (const bool biased : {true, false}) {
    std::vector<std::pair<numbers, arguments>> expected;
    const auto run = [&](const auto& operation, const auto& at) {
      numbers out = operation.forward(backend, at);
      random_generator random(29);
      numbers slopes(out.size());
      for (double& slope : slopes) slope = random.normal();
      return std::pair{std::move(out), operation.backward(backend, at, slopes)};
    };
    for_each_linear_operation<Backend>(
        s, {weight_order::in_out, biased}, [&](const std::string&, const auto& operation) {
          random_generator random(23);
          expected.push_back(run(operation, random_arguments(operation, random)));
        });
    std::size_t next = 0;
    for_each_linear_operation<Backend>(
        s, {weight_order::out_in, biased}, [&](const std::string& name, const auto& operation) {
          random_generator random(23);
          arguments at = random_arguments(operation, random);
          auto& [out, gradients] = expected[next++];
          for (const layer_slot& layer : operation.layers())
            for (arguments* const turned : {&at, &gradients})
              (*turned)[layer.weight] = transposed((*turned)[layer.weight], layer.in, layer.out);
          const auto [my_out, my_gradients] = run(operation, at);
          BOOST_TEST_CONTEXT(name << ' ' << s.rows << " x " << s.in << " x " << s.out) {
            BOOST_TEST(distance(my_out, out) <= tolerance);
            BOOST_REQUIRE_EQUAL(my_gradients.size(), gradients.size());
            for (std::size_t input = 0; input < gradients.size(); ++input)
              BOOST_TEST(distance(my_gradients[input], gradients[input]) <= tolerance,
                         "gradient of input " << input);
          }
        });
  }
}

/// A layer without a bias is one with a bias of zeros, to the bit.
template <class Backend>
void no_bias_is_a_bias_of_zeros(const Backend& backend) {
  for (const weight_order order : {weight_order::in_out, weight_order::out_in})
    for_each_linear_operation<Backend>(
        {}, {order, true}, [&](const std::string& name, const auto& operation) {
          random_generator random(31);
          arguments at = random_arguments(operation, random);
          for (const layer_slot& layer : operation.layers())
            std::ranges::fill(at[layer.weight + 1], 0.0);
          const numbers expected = operation.forward(backend, at);
          for (const layer_slot& layer : operation.layers()) at[layer.weight + 1].clear();
          std::erase_if(at, [](const numbers& input) { return input.empty(); });
          auto unbiased = operation;
          unbiased.form.biased = false;
          BOOST_TEST(unbiased.forward(backend, at) == expected, name);
        });
}

/// What linear_backward and activated_linear_backward compute if gradients are requested or not.
template <class Backend>
struct linear_gradients {
  numbers d_x, d_inner, d_weight, d_bias;

  linear_gradients(const Backend& m, const operation_sizes& s, const layer_form& form,
                   bool weight_is_frozen, bool bias_is_frozen) {
    random_generator random(37);
    const arguments at = random_arguments(linear_operation<Backend>{s, form}, random);
    numbers slopes(s.rows * s.out), before(s.rows * s.in);
    for (numbers* const values : {&slopes, &before})
      for (double& value : *values) value = random.normal();
    // With a frozen weight the layer's input is not read.
    activations<Backend> x(m, weight_is_frozen ? numbers{} : at[0]), d_y(m, slopes),
        inner(m, before);
    on_backend<Backend> weight(m, at[1]);
    auto to_x = rubbish<activations<Backend>>(m, s.rows * s.in),
         to_inner = rubbish<activations<Backend>>(m, s.rows * s.in);
    auto to_weight = added_to<on_backend<Backend>>(m, weight_is_frozen ? 0 : s.in * s.out);
    auto to_bias = added_to<on_backend<Backend>>(m, bias_is_frozen ? 0 : s.out);
    const auto to_weight_view = form.weight(to_weight, s.in, s.out).values;
    m.linear_backward(d_y.matrix(s.out), x.matrix(s.in), form.weight(weight, s.in, s.out),
                      to_x.matrix(s.in), to_weight_view, to_bias.flat());
    m.activated_linear_backward(d_y.matrix(s.out), x.matrix(s.in), form.weight(weight, s.in, s.out),
                                activation_function::gelu_new, inner.matrix(s.in),
                                to_inner.matrix(s.in), to_weight_view, to_bias.flat());
    d_x = to_x.host();
    d_inner = to_inner.host();
    d_weight = to_weight.host();
    d_bias = to_bias.host();
  }
};

/// An empty gradient is not computed, and all others keep their bits.
template <class Backend>
void a_frozen_weight_or_bias_changes_no_other_bit(const Backend& backend) {
  for (const layer_form& form : layer_forms)
    for (const operation_sizes& s :
         {operation_sizes{}, operation_sizes{.rows = 3, .in = 17, .out = 130}}) {
      const linear_gradients<Backend> all(backend, s, form, false, false);
      for (const bool weight_is_frozen : {true, false})
        for (const bool bias_is_frozen : {true, false}) {
          const linear_gradients<Backend> some(backend, s, form, weight_is_frozen, bias_is_frozen);
          BOOST_TEST_CONTEXT(form.words() << ", frozen: " << weight_is_frozen << bias_is_frozen) {
            BOOST_TEST(some.d_x == all.d_x);
            BOOST_TEST(some.d_inner == all.d_inner);
            BOOST_TEST(some.d_weight == (weight_is_frozen ? numbers{} : all.d_weight));
            BOOST_TEST(some.d_bias == (bias_is_frozen ? numbers{} : all.d_bias));
          }
        }
    }
}

/// Sizes whose rows begin on cache lines, as a model's do, and that are no multiples of a tile:
/// split by rows, and split by columns.
inline constexpr operation_sizes whole_lines[] = {{.rows = 70, .in = 16, .out = 48},
                                                  {.rows = 5, .in = 48, .out = 176}};

/// An output row and the slope of an input row have the same bits without the other rows.
template <class Backend>
void a_row_does_not_depend_on_its_company(const Backend& backend) {
  for (const layer_form& form : layer_forms)
    for (const operation_sizes& s : whole_lines) {
      const auto row_of = [](const numbers& values, std::size_t row, std::size_t rows) {
        const auto columns = static_cast<std::ptrdiff_t>(values.size() / rows);
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row) * columns;
        return numbers(begin, begin + columns);
      };
      for_each_linear_operation<Backend>(
          s, form, [&](const std::string& name, const auto& operation) {
            random_generator random(41);
            const arguments at = random_arguments(operation, random);
            const numbers out = operation.forward(backend, at);
            numbers slopes(out.size());
            for (double& slope : slopes) slope = random.normal();
            const numbers d_x = operation.backward(backend, at, slopes)[0];
            for (const std::size_t row : {std::size_t{0}, s.rows / 2, s.rows - 1}) {
              auto one = operation;
              if constexpr (requires { one.s; })
                one.s.rows = 1;
              else
                one.rows = 1;
              arguments there = at;
              for (std::size_t input = 0; input < at.size(); ++input)
                if (one.input_sizes()[input] != at[input].size())
                  there[input] = row_of(at[input], row, s.rows);
              BOOST_TEST(one.forward(backend, there) == row_of(out, row, s.rows),
                         name << ", row " << row);
              BOOST_TEST(one.backward(backend, there, row_of(slopes, row, s.rows))[0] ==
                             row_of(d_x, row, s.rows),
                         name << " backward, row " << row);
            }
          });
    }
}

/// Two backends, such as one with several threads and one with a single thread, give the same bits.
template <class Backend>
void linear_bits_agree(const Backend& backend, const Backend& other) {
  for (const layer_form& form : layer_forms)
    for (const operation_sizes& s : whole_lines)
      for_each_linear_operation<Backend>(
          s, form, [&](const std::string& name, const auto& operation) {
            random_generator random(43);
            const arguments at = random_arguments(operation, random);
            const numbers out = operation.forward(backend, at);
            numbers slopes(out.size());
            for (double& slope : slopes) slope = random.normal();
            BOOST_TEST(operation.forward(other, at) == out, name);
            BOOST_TEST(
                operation.backward(other, at, slopes) == operation.backward(backend, at, slopes),
                name << " backward");
          });
}

}  // namespace prefopt::tests
