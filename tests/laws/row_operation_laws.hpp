// SPDX-License-Identifier: MIT
#pragma once
// The laws of rms_norm_backend, rotary_backend and gated_backend beyond those of all operations
// (transformer_backend_laws.hpp), and numbers that were computed in float64 from the formulas with
// Python's cmath, their derivatives by complex steps of 1e-30.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/random.hpp"
#include "laws/backend_numbers.hpp"
#include "laws/numbers.hpp"
#include "laws/row_operations.hpp"
#include "laws/transformer_operations.hpp"

namespace prefopt::tests {

/// Row `row` of `rows`.
[[nodiscard]] inline numbers slice(const numbers& all, std::size_t rows, std::size_t row) {
  const auto size = static_cast<std::ptrdiff_t>(all.size() / rows);
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(row) * size;
  return numbers(begin, begin + size);
}

/// Forward and backward give a row the bits that `one`, a backend of the same type, gives it
/// alone.
template <class Backend>
void a_row_has_the_same_bits_in_any_company(const Backend& backend, const Backend& one) {
  for_each_row_operation<Backend>([&](std::string_view name, const auto& operation) {
    BOOST_TEST_CONTEXT(name) {
      random_generator random(19);
      const arguments at = random_arguments(operation, random);
      const numbers out = operation.forward(backend, at);
      numbers slopes(out.size());
      for (double& slope : slopes) slope = random.normal();
      const numbers d_x = operation.backward(backend, at, slopes)[0];
      for (std::size_t row = 0; row < operation.rows(); ++row) {
        const auto alone = operation.alone(row);
        arguments mine = at;
        mine[0] = slice(at[0], operation.rows(), row);
        BOOST_TEST(alone.forward(one, mine) == slice(out, operation.rows(), row));
        BOOST_TEST(alone.backward(one, mine, slice(slopes, operation.rows(), row))[0] ==
                   slice(d_x, operation.rows(), row));
      }
    }
  });
}

/// y = x / sqrt(mean(x^2) + 0.1) * scale.
template <class Backend>
void rms_norm_has_the_numbers_of_its_formula(const Backend& m, double tolerance) {
  activations<Backend> x(m, {1, -2, 3, 0.5, 0.25, 0, -0.5, 4}),
      d_y(m, {0.5, -1, 2, 0.25, 1, 3, -2, -0.5});
  on_backend<Backend> scale(m, {1, 0.5, -2, 3});
  auto y = rubbish<activations<Backend>>(m, 8);
  auto inverse = rubbish<on_backend<Backend>>(m, 2);
  m.rms_norm(split_columns(x.matrix(4)), scale.flat(), 0.1, split_columns(y.matrix(4)),
             inverse.matrix(1));
  BOOST_TEST(distance(y.host(), {0.5225299442731641, -0.5225299442731641, -3.1351796656389848,
                                 0.7837949164097462, 0.12230643125527944, 0, 0.4892257250211178,
                                 5.870708700253413}) <= tolerance);
  BOOST_TEST(distance(inverse.host(), {0.5225299442731641, 0.4892257250211178}) <= tolerance);
  auto d_x = added_to<activations<Backend>>(m, 8);
  auto d_scale = added_to<on_backend<Backend>>(m, 4);
  m.rms_norm_backward(split_columns(d_y.matrix(4)), split_columns(x.matrix(4)), scale.flat(),
                      inverse.matrix(1), split_columns(d_x.matrix(4)), d_scale.flat());
  BOOST_TEST(distance(d_x.host(there_before),
                      {0.6223991486393662, -0.9835333251421501, -1.0067172475843045,
                       0.572464546456265, 0.5459422451245384, 0.7338385875316766,
                       1.8434698598776302, 0.17362573412305202}) <= tolerance);
  BOOST_TEST(distance(d_scale.host(there_before), {0.3835714033918615, 1.0450598885463283,
                                                   3.6244053906601024, -0.9131352070080899}) <=
             tolerance);
}

/// (1, 2, 3, 4, 5, 6) at positions 1 and 3: (a + ib) exp(i position f), with f = 1, 0.5, 0.01.
template <class Backend>
void rotate_has_the_numbers_of_its_formula(const Backend& m, double tolerance) {
  activations<Backend> x(m, {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  auto table = rubbish<on_backend<Backend>>(m, 12);
  const std::vector<std::int32_t> positions = {1, 3};
  m.rotation_table(positions, std::vector<double>{1, 0.5, 0.01}, table.matrix(6));
  m.rotate(table.matrix(6), rotation::forward, x.heads(1, 6));
  BOOST_TEST(distance(x.host(), {-2.8255816333634463, -0.6419625692402695, 2.939851001244996,
                                 3.002680208280456, 5.34676388666027, 6.029699502502492,
                                 -1.5544725288399142, -4.846000529684867, 2.8186771000319886,
                                 -3.8188499783419143, 2.3486759815466236, 6.0872867031014115}) <=
             tolerance);
}

/// gate | up = (1, -2, 0.5 | 3, 0.5, -1) under silu, with d_y = (0.5, 2, -1).
template <class Backend>
void gate_has_the_numbers_of_its_formula(const Backend& m, double tolerance) {
  activations<Backend> inner(m, {1, -2, 0.5, 3, 0.5, -1}), d_y(m, {0.5, 2, -1});
  auto y = rubbish<activations<Backend>>(m, 3), d_inner = rubbish<activations<Backend>>(m, 6);
  m.gate(activation_function::silu, inner.matrix(6), y.matrix(3));
  BOOST_TEST(distance(y.host(), {2.193175735890015, -0.11920292202211755, -0.3112296656009273}) <=
             tolerance);
  m.gate_backward(activation_function::silu, d_y.matrix(3), inner.matrix(6), d_inner.matrix(6));
  BOOST_TEST(distance(d_inner.host(), {1.39150576780723, -0.09078424878489548, 0.7399611873026518,
                                       0.36552928931500245, -0.4768116880884702,
                                       -0.3112296656009273}) <= tolerance);
}

/// Position 0 is no rotation; angles stay precise at positions whose float product with a
/// frequency would not; each row has its own position.
template <class Backend>
void a_rotation_table_has_the_angles_of_its_positions(const Backend& m) {
  using value_type = typename Backend::value_type;
  const std::vector<std::int32_t> positions = {0, 1, 131071, 5};
  const std::vector<double> frequencies = {1, 1 / 3.0, 0.0123};
  auto table = rubbish<on_backend<Backend>>(m, positions.size() * 6);
  m.rotation_table(positions, frequencies, table.matrix(6));
  const numbers values = table.host();
  for (std::size_t row = 0; row < positions.size(); ++row)
    for (std::size_t i = 0; i < 3; ++i) {
      const double angle = positions[row] * frequencies[i];
      BOOST_TEST(values[row * 6 + i] == static_cast<value_type>(std::cos(angle)));
      BOOST_TEST(values[row * 6 + 3 + i] == static_cast<value_type>(std::sin(angle)));
    }
  rotate_operation<Backend> still{.channels = 12, .positions = {0, 0, 0}};
  random_generator random(23);
  arguments at = random_arguments(still, random);
  for (double& value : at[0])  // what every backend can represent
    value = static_cast<double>(static_cast<float>(bfloat16(static_cast<float>(value))));
  BOOST_TEST(still.forward(m, at) == at[0]);
}

/// Up to rounding, for D that a vector divides and not.
template <class Backend>
void the_inverse_rotates_back(const Backend& m, double tolerance) {
  for (const std::size_t channels : {2U, 12U, 64U, 80U}) {
    rotate_operation<Backend> there{.channels = channels};
    random_generator random(29);
    const arguments at = random_arguments(there, random);
    const numbers turned = there.forward(m, at);
    BOOST_TEST(distance(turned, at[0]) >= 0.1);
    BOOST_TEST(distance(there.rotated(m, rotation::inverse, turned), at[0]) <= tolerance);
  }
}

/// The product of a query and a key, of unit length, moves by less than `tolerance` when both move
/// together, and by more than that when one moves against the other.
template <class Backend>
void a_rotated_product_depends_on_the_distance_only(const Backend& m, double tolerance) {
  for (const std::size_t channels : {12U, 64U, 80U}) {
    random_generator random(31);
    numbers query(channels), key(channels);
    for (double& value : query) value = random.normal() / std::sqrt(channels);
    for (double& value : key) value = random.normal() / std::sqrt(channels);
    const auto product = [&](std::int32_t query_position, std::int32_t key_position) {
      numbers both = query;
      both.insert(both.end(), key.begin(), key.end());
      activations<Backend> x(m, both);
      auto table = rotation_table_of(m, {query_position, key_position}, channels);
      m.rotate(table.matrix(channels), rotation::forward, x.heads(1, channels));
      const numbers turned = x.host();
      return dot(slice(turned, 2, 0), slice(turned, 2, 1));
    };
    for (const std::int32_t apart : {0, 1, 100}) {
      const double here = product(apart, 0);
      for (const std::int32_t moved : {1, 17, 4096})
        BOOST_TEST(std::abs(product(moved + apart, moved) - here) <= tolerance);
      BOOST_TEST(std::abs(product(apart + 1, 0) - here) > 1e-3);
      BOOST_TEST(std::abs(product(apart, 1) - here) > 1e-3);
    }
    BOOST_TEST(std::abs(product(0, 0) - dot(query, key)) <= tolerance);
  }
}

/// silu(x) runs to x and to 0, its slope to 1 and to 0, without NaN on the way; NaN stays NaN.
template <class Backend>
void silu_has_its_limits(const Backend& m) {
  using activation_type = typename Backend::activation_type;
  numbers gates;
  const double most = sizeof(activation_type) == 8 ? 1e308 : 3e38;
  for (const double size : {30.0, 87.0, 88.5, 89.0, 104.0, 708.0, 709.5, 746.0, 1e4, most})
    gates.insert(gates.end(), {size, -size});
  const std::size_t count = gates.size();
  numbers inner = gates;
  inner.resize(2 * count, 1);
  activations<Backend> gate_up(m, inner), d_y(m, numbers(count, 1));
  auto y = rubbish<activations<Backend>>(m, count),
       d_inner = rubbish<activations<Backend>>(m, 2 * count);
  m.gate(activation_function::silu, gate_up.matrix(2 * count), y.matrix(count));
  m.gate_backward(activation_function::silu, d_y.matrix(count), gate_up.matrix(2 * count),
                  d_inner.matrix(2 * count));
  const numbers values = y.host(), slopes = d_inner.host(), rounded = gate_up.host();
  for (std::size_t i = 0; i < count; ++i) {
    BOOST_TEST(std::abs(values[i] - std::max(rounded[i], 0.0)) <= 1e-11, gates[i]);
    BOOST_TEST(std::abs(slopes[i] - (gates[i] > 0)) <= 1e-11, gates[i]);
    BOOST_TEST(slopes[count + i] == values[i], gates[i]);
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  activations<Backend> bad(m, {nan, 1}), d(m, {1});
  m.gate(activation_function::silu, bad.matrix(2), y.matrix(1).rows(0, 1));
  m.gate_backward(activation_function::silu, d.matrix(1), bad.matrix(2),
                  d_inner.matrix(2).rows(0, 1));
  BOOST_TEST(std::isnan(y.host()[0]));
  BOOST_TEST(std::isnan(d_inner.host()[0]));
  BOOST_TEST(std::isnan(d_inner.host()[1]));
}

}  // namespace prefopt::tests
