// SPDX-License-Identifier: MIT
// tensor_view: other views of the same memory.

#include "prefopt/core/view.hpp"

#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(columns_are_split_whatever_the_distance_of_rows) {
  std::vector<int> memory(20);
  std::iota(memory.begin(), memory.end(), 0);
  const prefopt::matrix_view<int> middle{memory.data() + 2, {2, 6}, {10, 1}};
  const auto heads = prefopt::split_columns(middle, 3);
  BOOST_TEST((heads.extents() == std::array<std::size_t, 3>{2, 3, 2}));
  BOOST_TEST(heads(0, 0, 0) == 2);
  BOOST_TEST(heads(0, 2, 1) == 7);
  BOOST_TEST(heads(1, 1, 0) == 14);
  const auto rows = prefopt::split_columns(middle);
  BOOST_TEST((rows.extents() == std::array<std::size_t, 3>{2, 1, 6}));
  BOOST_TEST(rows(1, 0, 5) == 17);
}
