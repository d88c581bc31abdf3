// SPDX-License-Identifier: MIT
#include "prefopt/xtensor/tensor_traits.hpp"

#include <vector>

#include <boost/test/unit_test.hpp>
#if __has_include(<xtensor/containers/xtensor.hpp>)  // after 0.24 the headers are in folders
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xfixed.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include "prefopt/core/as_view.hpp"
#include "prefopt/core/double_values.hpp"

using namespace prefopt;

namespace {

template <class T>
std::vector<double> elements(const T& tensor) {
  std::vector<typename tensor_traits<T>::value_type> copied(tensor_size(tensor));
  tensor_traits<T>::copy(tensor, copied.data());
  return {copied.begin(), copied.end()};
}

void are_equal(const std::vector<double>& came, const std::vector<double>& expected) {
  BOOST_TEST(came == expected, boost::test_tools::per_element());
}

using column_major = xt::xtensor<double, 2, xt::layout_type::column_major>;

}  // namespace

BOOST_AUTO_TEST_CASE(elements_come_in_row_major_order_whatever_the_layout) {
  const std::vector<double> expected = {1, 2, 3, 4, 5, 6};
  are_equal(elements(xt::xtensor<float, 2>{{1, 2, 3}, {4, 5, 6}}), expected);
  are_equal(elements(xt::xarray<double>{{1, 2, 3}, {4, 5, 6}}), expected);
  are_equal(elements(xt::xtensor_fixed<double, xt::xshape<2, 3>>{{1, 2, 3}, {4, 5, 6}}), expected);
  are_equal(elements(column_major{{1, 2, 3}, {4, 5, 6}}), expected);
}

BOOST_AUTO_TEST_CASE(lazy_expressions_are_evaluated) {
  const xt::xtensor<double, 1> a = {1, 2, 3}, b = {10, 20, 30};
  const xt::xarray<double> m = {{1, 2, 3}, {4, 5, 6}};
  are_equal(elements(a + 2 * b), {21, 42, 63});
  are_equal(elements(xt::sum(m, {1})), {6, 15});
  are_equal(elements(xt::view(m, xt::all(), 1)), {2, 5});
  are_equal(elements(xt::transpose(m)), {1, 4, 2, 5, 3, 6});
  are_equal(elements(a + m), {2, 4, 6, 5, 7, 9});  // broadcast
}

BOOST_AUTO_TEST_CASE(a_rank_is_known_where_the_shape_s_type_knows_it) {
  const xt::xtensor<double, 1> a = {1, 2, 3};
  const xt::xarray<double> d = {1, 2, 3};
  static_assert(tensor_traits<xt::xtensor<double, 2>>::rank == 2);
  static_assert(tensor_traits<xt::xtensor_fixed<double, xt::xshape<2, 3>>>::rank == 2);
  static_assert(tensor_traits_of<decltype(a + a)>::rank == 1);
  static_assert(tensor_traits<xt::xarray<double>>::rank == dynamic_rank);
  static_assert(tensor_traits_of<decltype(a + d)>::rank == dynamic_rank);
  BOOST_TEST(tensor_rank(a + d) == 1u);
  BOOST_TEST(tensor_rank(xt::xarray<double>{{1, 2}, {3, 4}}) == 2u);
}

BOOST_AUTO_TEST_CASE(views_look_at_the_tensor_s_own_memory) {
  xt::xtensor<float, 2> owner = {{1, 2, 3}, {4, 5, 6}};
  as_view(owner)(1, 0) = 9;
  BOOST_TEST(owner(1, 0) == 9);
  xt::xarray<double> dynamic = {{1, 2, 3}, {4, 5, 6}};
  BOOST_TEST(as_view<2>(dynamic)(1, 2) == 6);
  std::vector<double> memory = {1, 2, 3};
  auto adapted = xt::adapt(memory, {std::size_t{3}});
  BOOST_TEST(as_view(adapted).data() == memory.data());
}

BOOST_AUTO_TEST_CASE(doubles_of_a_part_of_a_tensor_are_that_part) {
  const xt::xtensor<double, 1> a = {1, 2, 3, 4, 5};
  const xt::xtensor<double, 2> m = {{1, 2, 3}, {4, 5, 6}};
  const auto middle = xt::view(a, xt::range(1, 4));
  const auto second_row = xt::view(m, 1);
  const auto every_other = xt::view(a, xt::range(0, 5, 2));
  const auto corner = xt::view(m, xt::range(0, 2), xt::range(1, 3));
  are_equal(elements(corner), {2, 3, 5, 6});
  static_assert(!contiguous_tensor<decltype(corner)> && !contiguous_tensor<decltype(every_other)>);
  are_equal({double_values(middle, "test")[0], double_values(middle, "test")[2]}, {2, 4});
  are_equal({double_values(second_row, "test")[0], double_values(second_row, "test")[2]}, {4, 6});
  are_equal({double_values(every_other, "test")[0], double_values(every_other, "test")[2]}, {1, 5});
}
