// SPDX-License-Identifier: MIT
#include "prefopt/eigen/tensor_traits.hpp"

#include <vector>

#include <Eigen/Core>
#include <boost/test/unit_test.hpp>

#include "prefopt/core/as_view.hpp"
#include "prefopt/core/double_values.hpp"

using namespace prefopt;

namespace {

using row_major = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
std::vector<double> elements(const T& tensor) {
  std::vector<typename tensor_traits<T>::value_type> copied(tensor_size(tensor));
  tensor_traits<T>::copy(tensor, copied.data());
  return {copied.begin(), copied.end()};
}

void are_equal(const std::vector<double>& came, const std::vector<double>& expected) {
  BOOST_TEST(came == expected, boost::test_tools::per_element());
}

Eigen::MatrixXd two_by_three() { return (Eigen::MatrixXd(2, 3) << 1, 2, 3, 4, 5, 6).finished(); }

}  // namespace

BOOST_AUTO_TEST_CASE(elements_come_in_row_major_order_whatever_the_layout_is) {
  const Eigen::MatrixXd matrix = two_by_three();
  are_equal(elements(matrix), {1, 2, 3, 4, 5, 6});
  are_equal(elements(row_major(matrix)), {1, 2, 3, 4, 5, 6});
  are_equal(elements(Eigen::ArrayXXf(matrix.cast<float>())), {1, 2, 3, 4, 5, 6});
  are_equal(elements(matrix.transpose()), {1, 4, 2, 5, 3, 6});
  are_equal(elements(Eigen::Matrix<double, 3, 2>(matrix.transpose())), {1, 4, 2, 5, 3, 6});
}

BOOST_AUTO_TEST_CASE(expressions_are_evaluated) {
  const Eigen::MatrixXd matrix = two_by_three();
  const Eigen::Vector3d ones(1, 1, 1);
  are_equal(elements(matrix * ones), {6, 15});
  are_equal(elements(ones.array() * 2 + 1), {3, 3, 3});
  are_equal(elements(matrix.col(1)), {2, 5});
  are_equal(elements(matrix.row(1)), {4, 5, 6});
  are_equal(elements(matrix.rowwise().sum().transpose()), {6, 15});
}

BOOST_AUTO_TEST_CASE(rows_and_columns_have_rank_one) {
  const Eigen::MatrixXd matrix = two_by_three();
  static_assert(tensor_traits<Eigen::VectorXf>::rank == 1);
  static_assert(tensor_traits<Eigen::RowVector3d>::rank == 1);
  static_assert(tensor_traits_of<decltype(matrix.row(0))>::rank == 1);
  static_assert(tensor_traits<Eigen::MatrixXd>::rank == 2);
  BOOST_TEST(tensor_size(matrix.row(0)) == 3u);
  BOOST_TEST(tensor_size(matrix) == 6u);
}

BOOST_AUTO_TEST_CASE(views_look_at_eigen_s_own_memory) {
  row_major matrix = two_by_three();
  as_view(matrix)(1, 0) = 9;
  BOOST_TEST(matrix(1, 0) == 9);
  Eigen::VectorXf vector = Eigen::VectorXf::Zero(3);
  as_view(vector)(2) = 4;
  BOOST_TEST(vector(2) == 4);
  std::vector<double> memory = {1, 2, 3};
  Eigen::Map<Eigen::ArrayXd> map(memory.data(), 3);
  BOOST_TEST(as_view(map).data() == memory.data());
  auto part = map.segment(1, 2);
  BOOST_TEST(as_view(part).data() == memory.data() + 1);
  BOOST_TEST(as_view(part).extent(0) == 2u);
}

BOOST_AUTO_TEST_CASE(what_has_gaps_or_is_not_row_major_has_no_view) {
  row_major rows = two_by_three();
  Eigen::MatrixXd columns = two_by_three();
  static_assert(contiguous_tensor<row_major> && !contiguous_tensor<Eigen::MatrixXd>);
  static_assert(!contiguous_tensor<decltype(rows.leftCols(2))>);
  static_assert(contiguous_tensor<decltype(columns.col(0))> &&
                !contiguous_tensor<decltype(columns.row(0))>);
  static_assert(!contiguous_tensor<Eigen::Map<Eigen::VectorXd, 0, Eigen::InnerStride<>>>);
  static_assert(!contiguous_tensor<decltype(columns * columns)>);
  const double_values row(columns.row(1), "test");  // read anyway
  are_equal({row[0], row[1], row[2]}, {4, 5, 6});
}
