// SPDX-License-Identifier: MIT
// The generator's numbers are the same on every computer, and they are distributed as promised.

#include "prefopt/core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include <boost/test/unit_test.hpp>

using prefopt::random_generator;

BOOST_AUTO_TEST_SUITE(random_numbers)

// From the authors' reference program, state {1, 2, 3, 4}.
BOOST_AUTO_TEST_CASE(bits_are_those_of_xoshiro256_starstar) {
  random_generator generator(0);
  generator.set_state({1, 2, 3, 4});
  BOOST_TEST(generator.next() == 11520U);
  BOOST_TEST(generator.next() == 0U);
  BOOST_TEST(generator.next() == 1509978240U);
  BOOST_TEST(generator.next() == 1215971899390074240U);
}

// Golden values; the bits were computed a second time with integers in Python.
BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_numbers_on_every_computer) {
  random_generator generator(42);
  BOOST_TEST(generator.next() == 0x1ff785474f113b15U);
  BOOST_TEST(generator.next() == 0x4b7867ceff5d8325U);
  BOOST_TEST(generator.next() == 0x90ca7a95a9909966U);
  BOOST_TEST(generator.next() == 0x9c9ea6a358c5008fU);
  BOOST_TEST(generator.uniform() == 0x1.e47fe325380b8p-2);
  BOOST_TEST(generator.uniform() == 0x1.bae05adf1fccp-6);
  BOOST_TEST(generator.uniform() == 0x1.841f057fb99b4p-1);
  BOOST_TEST(generator.normal() == -0x1.2d096ef52c87bp+0);
  BOOST_TEST(generator.normal() == 0x1.6a625f5ceeb7ep+0);
  BOOST_TEST(generator.normal() == 0x1.3855745aae369p-1);
}

BOOST_AUTO_TEST_CASE(an_epoch_has_the_same_order_on_every_computer) {
  const std::vector<std::size_t> first{7, 5, 1, 8, 2, 0, 4, 6, 9, 3};
  const std::vector<std::size_t> second{5, 0, 8, 3, 7, 9, 2, 6, 4, 1};
  BOOST_TEST(prefopt::shuffled_indices(10, 42, 0) == first, boost::test_tools::per_element());
  BOOST_TEST(prefopt::shuffled_indices(10, 42, 1) == second, boost::test_tools::per_element());
  BOOST_TEST(prefopt::shuffled_indices(0, 42, 0).empty());
  BOOST_TEST(prefopt::shuffled_indices(1, 42, 0).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_shuffle_keeps_every_index_once) {
  auto order = prefopt::shuffled_indices(1000, 3, 7);
  BOOST_TEST((order != prefopt::shuffled_indices(1000, 4, 7)));
  std::ranges::sort(order);
  for (std::size_t i = 0; i < order.size(); ++i) BOOST_TEST(order[i] == i);
}

BOOST_AUTO_TEST_CASE(a_saved_state_goes_on_where_it_stood) {
  random_generator generator(5);
  generator.normal();
  const auto state = generator.state();
  const double expected = generator.normal();
  random_generator other(6);
  other.set_state(state);
  BOOST_TEST(other.normal() == expected);
  BOOST_CHECK_THROW(other.set_state({0, 0, 0, 0}), prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(streams_of_a_seed_differ_and_are_not_those_of_the_next_seed) {
  BOOST_TEST(random_generator(1, 0).next() != random_generator(1, 1).next());
  BOOST_TEST(random_generator(1, 1).next() != random_generator(2, 0).next());
  BOOST_TEST(random_generator(0, 1).next() != random_generator(1, 0).next());
}

BOOST_AUTO_TEST_CASE(below_is_in_range_and_even) {
  random_generator generator(8);
  std::array<int, 7> seen{};
  for (int i = 0; i < 70000; ++i) ++seen.at(generator.below(7));
  // over five standard deviations
  for (const int count : seen) BOOST_TEST(std::abs(count - 10000) < 500);
  BOOST_TEST(generator.below(1) == 0U);
  const std::uint64_t most = ~std::uint64_t{0};
  BOOST_TEST(generator.below(most) < most);
  BOOST_CHECK_THROW(generator.below(0), prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(every_order_of_three_is_as_likely) {
  std::array<int, 27> seen{};
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    const auto order = prefopt::shuffled_indices(3, seed, 0);
    ++seen.at(9 * order[0] + 3 * order[1] + order[2]);
  }
  BOOST_TEST(std::ranges::count(seen, 0) == 21);
  for (const int count : seen) BOOST_TEST((count == 0 || std::abs(count - 1000) < 150));
}

BOOST_AUTO_TEST_CASE(uniforms_fill_the_half_open_interval) {
  random_generator generator(9);
  std::vector<double> drawn(100000);
  std::ranges::generate(drawn, [&] { return generator.uniform(); });
  BOOST_TEST(std::ranges::min(drawn) >= 0.0);
  BOOST_TEST(std::ranges::max(drawn) < 1.0);
  BOOST_TEST(std::abs(std::accumulate(drawn.begin(), drawn.end(), 0.0) / 100000 - 0.5) < 0.005);
}

// The largest distance between the empirical distribution function and the normal one (Kolmogorov).
BOOST_AUTO_TEST_CASE(normals_follow_the_normal_distribution_function) {
  random_generator generator(10);
  const std::size_t count = 200000;
  std::vector<double> drawn(count);
  std::ranges::generate(drawn, [&] { return generator.normal(); });
  std::ranges::sort(drawn);
  double distance = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double expected = 0.5 * std::erfc(-drawn[i] / std::sqrt(2.0));
    distance = std::max(distance,
                        std::abs(expected - static_cast<double>(i) / static_cast<double>(count)));
  }
  // exceeded once in a thousand seeds
  BOOST_TEST(distance < 1.95 / std::sqrt(static_cast<double>(count)));
}

BOOST_AUTO_TEST_SUITE_END()
