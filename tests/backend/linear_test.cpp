// SPDX-License-Identifier: MIT
// A linear layer's weight knows its extents in either order, and converts as its view does.

#include "prefopt/backend/linear.hpp"

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <boost/test/unit_test.hpp>

using prefopt::linear_weight;
using prefopt::matrix_view;
using prefopt::weight_order;

static_assert(std::convertible_to<matrix_view<float>, linear_weight<float>>);
static_assert(std::convertible_to<matrix_view<float>, linear_weight<const float>>);
static_assert(std::convertible_to<matrix_view<const float>, linear_weight<const float>>);
static_assert(std::convertible_to<linear_weight<float>, linear_weight<const float>>);
static_assert(!std::constructible_from<linear_weight<float>, linear_weight<const float>>);
static_assert(!std::constructible_from<linear_weight<float>, matrix_view<const float>>);
static_assert(!std::constructible_from<linear_weight<const float>, matrix_view<double>>);

BOOST_AUTO_TEST_CASE(a_weight_knows_its_extents_in_either_order) {
  float values[6] = {};
  const matrix_view<float> view(values, {2, 3});
  const linear_weight<float> plain = view, turned(view, weight_order::out_in);
  BOOST_TEST(plain.in() == 2U);
  BOOST_TEST(plain.out() == 3U);
  BOOST_TEST(turned.in() == 3U);
  BOOST_TEST(turned.out() == 2U);
  const linear_weight<const float> read_only = turned;
  BOOST_TEST((read_only.order == weight_order::out_in));
  read_only.values.visit([&](const auto& read) {
    BOOST_TEST(static_cast<const void*>(read.data()) == static_cast<const void*>(values));
  });
}
