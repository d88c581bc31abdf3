// SPDX-License-Identifier: MIT
#include "prefopt/core/checked.hpp"

#include <vector>

#include <boost/test/unit_test.hpp>

using prefopt::checked_add;
using prefopt::checked_multiply;
using prefopt::checked_product;

BOOST_AUTO_TEST_SUITE(checked_arithmetic)

BOOST_AUTO_TEST_CASE(what_fits_is_exact_and_what_wraps_is_nothing) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  static_assert(checked_add(most - 1, 1) == most);
  static_assert(!checked_add(most, 1));
  static_assert(!checked_add(1, most));
  static_assert(checked_multiply(0, most) == 0u);
  static_assert(checked_multiply(most, 0) == 0u);
  static_assert(checked_multiply(most, 1) == most);
  static_assert(checked_multiply(0x100000001u, 0xffffffffu) == most);
  static_assert(!checked_multiply(0x100000001u, 0x100000000u));
  static_assert(!checked_multiply(std::uint64_t{1} << 32, std::uint64_t{1} << 32));
  using sizes = std::vector<std::uint64_t>;
  BOOST_TEST(checked_product(sizes{}).value() == 1u);
  BOOST_TEST(checked_product(sizes{3, 5, 7}).value() == 105u);
  BOOST_TEST(
      !checked_product(sizes{std::uint64_t{1} << 40, std::uint64_t{1} << 40, 0}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
