// SPDX-License-Identifier: MIT
// free_ranges against a byte map of the same memory.

#include "prefopt/backend/free_ranges.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"

using namespace prefopt;

namespace {

constexpr std::size_t first = 1000, size = 600;

/// The lowest run of `bytes` free places, found the slow way.
std::optional<std::size_t> lowest(const std::vector<bool>& used, std::size_t bytes) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < used.size(); ++i) {
    run = used[i] ? 0 : run + 1;
    if (run == bytes) return i + 1 - bytes;
  }
  return std::nullopt;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_lowest_range_that_fits_is_taken_and_neighbours_are_joined) {
  free_ranges ranges;
  ranges.add(first, size);
  std::vector<bool> used(size);
  std::vector<std::pair<std::size_t, std::size_t>> taken;
  random_generator random(3);
  int refused = 0;
  for (int step = 0; step < 5000; ++step) {
    if (taken.empty() || random.below(2) == 0) {
      const std::size_t bytes = 1 + random.below(90);
      const auto expected = lowest(used, bytes);
      const auto got = ranges.take(bytes);
      BOOST_REQUIRE_EQUAL(got.has_value(), expected.has_value());
      refused += !got;
      if (!got) continue;
      BOOST_REQUIRE_EQUAL(*got, first + *expected);
      std::fill_n(used.begin() + static_cast<std::ptrdiff_t>(*expected), bytes, true);
      taken.emplace_back(*expected, bytes);
    } else {
      const std::size_t which = random.below(taken.size());
      const auto [begin, bytes] = taken[which];
      taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(which));
      std::fill_n(used.begin() + static_cast<std::ptrdiff_t>(begin), bytes, false);
      ranges.add(first + begin, bytes);
    }
  }
  BOOST_TEST(refused > 0);
  for (const auto& [begin, bytes] : taken) ranges.add(first + begin, bytes);
  BOOST_REQUIRE_EQUAL(ranges.ranges().size(), 1);
  BOOST_TEST(ranges.ranges().begin()->second == size);
}

BOOST_AUTO_TEST_CASE(regions_that_do_not_touch_stay_apart) {
  free_ranges ranges;
  ranges.add(100, 10);
  ranges.add(111, 10);
  BOOST_TEST(!ranges.take(11));
  BOOST_TEST(*ranges.take(4) == 100);
  BOOST_TEST(!ranges.remove(100, 10));  // some of it is in use
  ranges.add(100, 4);
  BOOST_TEST(ranges.remove(100, 10));
  BOOST_TEST(!ranges.remove(100, 10));
  ranges.add(100, 10);
  BOOST_TEST(*ranges.take(10) == 100);
  BOOST_TEST(*ranges.take(10) == 111);
  BOOST_TEST(!ranges.take(1));
}
