// SPDX-License-Identifier: MIT
#include "prefopt/core/tensor.hpp"

#include <array>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/as_view.hpp"
#include "prefopt/core/double_values.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/core/view.hpp"

using namespace prefopt;

namespace {

template <class T>
std::vector<typename tensor_traits<T>::value_type> elements(const T& tensor) {
  std::vector<typename tensor_traits<T>::value_type> copied(tensor_size(tensor));
  tensor_traits<T>::copy(tensor, copied.data());
  return copied;
}

/// A user's type, whose rank is known only at run time.
struct grid {
  std::vector<std::size_t> extents;
  std::vector<double> values;
};

}  // namespace

template <>
struct prefopt::tensor_traits<grid> {
  using value_type = double;
  static constexpr std::size_t rank = dynamic_rank;
  static constexpr memory_space space = memory_space::host;
  static const std::vector<std::size_t>& extents(const grid& g) { return g.extents; }
  static void copy(const grid& g, double* to) { std::copy(g.values.begin(), g.values.end(), to); }
  static double* data(grid& g) { return g.values.data(); }
  static const double* data(const grid& g) { return g.values.data(); }
};

BOOST_AUTO_TEST_CASE(standard_containers_are_vectors_of_their_elements) {
  std::vector<float> vector = {1, 2, 3};
  const std::array<double, 2> array = {4, 5};
  const std::span<const float> span(vector);
  BOOST_TEST(tensor_size(vector) == 3u);
  BOOST_TEST(tensor_rank(vector) == 1u);
  BOOST_TEST(elements(vector) == vector, boost::test_tools::per_element());
  BOOST_TEST(elements(array) == array, boost::test_tools::per_element());
  BOOST_TEST(elements(span) == vector, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_view_with_gaps_is_copied_row_by_row) {
  const std::vector<int> memory = {1, 2, -1, 3, 4, -1, 5, 6, -1, 7, 8, -1};
  const tensor_view<const int, 2> rows(memory.data(), {4, 2}, {3, 1});
  BOOST_TEST(elements(rows) == (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8}),
             boost::test_tools::per_element());
  const tensor_view<const int, 3> blocks(memory.data(), {2, 2, 2}, {6, 3, 1});
  BOOST_TEST(elements(blocks) == elements(rows), boost::test_tools::per_element());
  BOOST_TEST(elements(tensor_view<const int, 3>(nullptr, {2, 0, 2})).empty());
}

BOOST_AUTO_TEST_CASE(as_view_looks_at_the_tensor_s_own_memory) {
  std::vector<float> values = {1, 2, 3};
  const auto view = as_view(values);
  static_assert(std::is_same_v<decltype(view), const vector_view<float>>);
  view(1) = 7;
  BOOST_TEST(values[1] == 7);
  BOOST_TEST(view.extent(0) == 3u);
  static_assert(std::is_same_v<decltype(as_view(std::as_const(values))), vector_view<const float>>);
  std::span<const float> read_only(values);
  static_assert(std::is_same_v<decltype(as_view(read_only)), vector_view<const float>>);
  BOOST_TEST(as_view(read_only).data() == values.data());
}

BOOST_AUTO_TEST_CASE(a_run_time_rank_is_checked_when_a_view_is_asked_for) {
  grid matrix{{2, 3}, {1, 2, 3, 4, 5, 6}};
  BOOST_TEST(as_view<2>(matrix)(1, 0) == 4);
  BOOST_CHECK_EXCEPTION((void)as_view<1>(matrix), shape_error, [](const shape_error& e) {
    return std::string(e.what()) == "as_view: a tensor of rank 2, expected rank 1";
  });
}

BOOST_AUTO_TEST_CASE(doubles_are_looked_at_and_others_copied) {
  const std::vector<double> doubles = {1, 2};
  BOOST_TEST(double_values(doubles, "test").span().data() == doubles.data());
  const std::vector<float> floats = {0.5f, -1};
  const double_values converted(floats, "test");
  BOOST_TEST(converted.size() == 2u);
  BOOST_TEST(converted[0] == 0.5);
  BOOST_TEST(converted[1] == -1.0);
}

// A temporary that owns its doubles would dangle at once; one that is copied, or is itself a view,
// is fine.
static_assert(std::is_constructible_v<double_values, const std::vector<double>&, const char*>);
static_assert(std::is_constructible_v<double_values, std::vector<double>&, const char*>);
static_assert(!std::is_constructible_v<double_values, std::vector<double>, const char*>);
static_assert(!std::is_constructible_v<double_values, const std::vector<double>, const char*>);
static_assert(std::is_constructible_v<double_values, std::vector<float>, const char*>);
static_assert(std::is_constructible_v<double_values, std::span<const double>, const char*>);

BOOST_AUTO_TEST_CASE(double_values_refuse_what_is_no_vector_after_all) {
  const grid row{{2}, {1, 2}}, matrix{{1, 2}, {1, 2}};
  BOOST_TEST(double_values(row, "test")[1] == 2.0);
  BOOST_CHECK_EXCEPTION(double_values(matrix, "dpo"), shape_error, [](const shape_error& e) {
    return std::string(e.what()) == "dpo: a tensor of rank 2, expected a vector";
  });
}
