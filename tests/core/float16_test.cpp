// SPDX-License-Identifier: MIT
#include "prefopt/core/float16.hpp"

#include <cmath>
#include <limits>

#include <boost/test/unit_test.hpp>

using prefopt::float16;

BOOST_AUTO_TEST_SUITE(float16_type)

namespace {

/// The value that IEEE 754 defines for a pattern below infinity.
double definition(std::uint32_t bits) {
  const auto exponent = static_cast<int>(bits >> 10 & 31u);
  const double fraction = bits & 1023u;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000u) != 0 ? -magnitude : magnitude;
}

}  // namespace

BOOST_AUTO_TEST_CASE(
    every_pattern_has_the_value_of_its_definition_and_survives_the_way_through_float) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float wide = static_cast<float>(float16::from_bits(static_cast<std::uint16_t>(bits)));
    const bool is_special = (bits & 0x7c00u) == 0x7c00u;
    if (is_special && (bits & 0x3ffu) != 0) {
      BOOST_TEST(std::isnan(wide));
      BOOST_TEST(std::isnan(static_cast<float>(float16(wide))));
      continue;
    }
    if (is_special)
      BOOST_TEST(std::isinf(wide));
    else
      BOOST_TEST(wide == definition(bits));
    BOOST_TEST(float16(wide).bits() == bits);
  }
}

BOOST_AUTO_TEST_CASE(
    a_float_between_two_neighbours_goes_to_the_nearer_and_from_the_middle_to_the_even) {
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto middle = static_cast<float>((definition(bits) + definition(bits + 1)) / 2);
    BOOST_TEST(float16(middle).bits() == bits + (bits & 1));
    BOOST_TEST(float16(std::nextafter(middle, 0.0f)).bits() == bits);
    BOOST_TEST(float16(std::nextafter(middle, 1e9f)).bits() == bits + 1);
    BOOST_TEST(float16(-middle).bits() == (0x8000u | (bits + (bits & 1))));
  }
}

BOOST_AUTO_TEST_CASE(what_is_too_great_is_infinity_and_what_is_too_small_is_zero) {
  BOOST_TEST(float16(65519.996f).bits() == 0x7bff);
  BOOST_TEST(float16(65520.0f).bits() == 0x7c00);
  BOOST_TEST(float16(std::numeric_limits<float>::infinity()).bits() == 0x7c00);
  BOOST_TEST(float16(-1e30f).bits() == 0xfc00);
  BOOST_TEST(float16(0x1p-25f).bits() == 0);
  BOOST_TEST(float16(std::nextafter(0x1p-25f, 1.0f)).bits() == 1);
  BOOST_TEST(float16(std::numeric_limits<float>::denorm_min()).bits() == 0);
  BOOST_TEST(float16(-0.0f).bits() == 0x8000);
  static_assert(static_cast<float>(float16(1.5f)) == 1.5f);
}

BOOST_AUTO_TEST_SUITE_END()
