// SPDX-License-Identifier: MIT
#include "prefopt/core/bfloat16.hpp"

#include <cmath>
#include <limits>

#include <boost/test/unit_test.hpp>

using prefopt::bfloat16;

BOOST_AUTO_TEST_SUITE(bfloat16_type)

BOOST_AUTO_TEST_CASE(every_pattern_survives_the_way_through_float) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto value = bfloat16::from_bits(static_cast<std::uint16_t>(bits));
    const float wide = static_cast<float>(value);
    if (std::isnan(wide))
      BOOST_TEST(std::isnan(static_cast<float>(bfloat16(wide))));
    else
      BOOST_TEST(bfloat16(wide).bits() == bits);
  }
}

// Between neighbors a and b the midpoint rounds to the even one, and values next to it round to
// their own side.
BOOST_AUTO_TEST_CASE(
    a_float_between_two_neighbours_goes_to_the_nearer_and_from_the_middle_to_the_even) {
  for (std::uint32_t bits = 0; bits < 0x7f7f; ++bits) {
    const double a = static_cast<float>(bfloat16::from_bits(static_cast<std::uint16_t>(bits)));
    const double b = static_cast<float>(bfloat16::from_bits(static_cast<std::uint16_t>(bits + 1)));
    const auto middle = static_cast<float>((a + b) / 2);
    BOOST_TEST(bfloat16(middle).bits() == bits + (bits & 1));
    BOOST_TEST(bfloat16(std::nextafter(middle, 0.0f)).bits() == bits);
    BOOST_TEST(bfloat16(std::nextafter(middle, std::numeric_limits<float>::infinity())).bits() ==
               bits + 1);
    BOOST_TEST(bfloat16(-middle).bits() == (0x8000u | (bits + (bits & 1))));
  }
}

BOOST_AUTO_TEST_CASE(the_ends_of_the_range_are_kept) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  BOOST_TEST(static_cast<float>(bfloat16(infinity)) == infinity);
  BOOST_TEST(static_cast<float>(bfloat16(std::numeric_limits<float>::max())) == infinity);
  BOOST_TEST(std::signbit(static_cast<float>(bfloat16(-0.0f))));
  BOOST_TEST(bfloat16(std::numeric_limits<float>::quiet_NaN()).bits() == 0x7fc0);
  static_assert(static_cast<float>(bfloat16(1.0f)) == 1.0f);
}

BOOST_AUTO_TEST_SUITE_END()
