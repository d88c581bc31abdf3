// SPDX-License-Identifier: MIT
// Sampling: frequencies follow the softmax, and the cuts keep what they promise.

#include "prefopt/policy/sampling.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

constexpr int draws = 20000;

std::vector<double> frequencies(const std::vector<double>& logits,
                                const prefopt::sampling_options& options) {
  prefopt::random_generator random(3);
  std::vector<double> counts(logits.size());
  for (int i = 0; i < draws; ++i)
    counts[static_cast<std::size_t>(prefopt::sample_token(logits, options, random))] += 1.0 / draws;
  return counts;
}

void check_close(const std::vector<double>& measured, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double deviation = std::sqrt(expected[i] * (1 - expected[i]) / draws);
    BOOST_TEST(std::abs(measured[i] - expected[i]) <= 4 * deviation + 1e-9);
  }
}

const std::vector<double> logits = {std::log(0.1) + 7, std::log(0.4) + 7, std::log(0.2) + 7,
                                    std::log(0.3) + 7};

}  // namespace

BOOST_AUTO_TEST_CASE(plain_sampling_follows_the_softmax) {
  check_close(frequencies(logits, {}), {0.1, 0.4, 0.2, 0.3});
}

BOOST_AUTO_TEST_CASE(temperature_sharpens) {
  check_close(frequencies(logits, {.temperature = 0.5}), {1 / 30.0, 16 / 30.0, 4 / 30.0, 9 / 30.0});
}

BOOST_AUTO_TEST_CASE(temperature_zero_takes_the_most_probable) {
  check_close(frequencies(logits, {.temperature = 0}), {0, 1, 0, 0});
}

BOOST_AUTO_TEST_CASE(top_k_keeps_k_tokens) {
  check_close(frequencies(logits, {.top_k = 2}), {0, 4 / 7.0, 0, 3 / 7.0});
  check_close(frequencies(logits, {.top_k = 100}), {0.1, 0.4, 0.2, 0.3});
}

BOOST_AUTO_TEST_CASE(top_p_keeps_the_fewest_tokens_that_reach_it) {
  check_close(frequencies(logits, {.top_p = 0.39}), {0, 1, 0, 0});
  check_close(frequencies(logits, {.top_p = 0.69}), {0, 4 / 7.0, 0, 3 / 7.0});
  check_close(frequencies(logits, {.top_p = 0.75}), {0, 4 / 9.0, 2 / 9.0, 3 / 9.0});
}

BOOST_AUTO_TEST_CASE(the_cuts_work_in_the_order_of_hugging_face) {
  // Of the two that top-k leaves, the first has 4/7 of the probability: top-p 0.5 then leaves one.
  check_close(frequencies(logits, {.top_k = 2, .top_p = 0.5}), {0, 1, 0, 0});
}

BOOST_AUTO_TEST_CASE(what_is_no_sampling_is_refused) {
  prefopt::random_generator random(1);
  const auto sample = [&](const prefopt::sampling_options& options) {
    static_cast<void>(prefopt::sample_token(logits, options, random));
  };
  BOOST_CHECK_THROW(sample({.temperature = -1}), prefopt::value_error);
  BOOST_CHECK_THROW(sample({.temperature = std::numeric_limits<double>::quiet_NaN()}),
                    prefopt::value_error);
  BOOST_CHECK_THROW(sample({.top_p = 0}), prefopt::value_error);
  BOOST_CHECK_THROW(sample({.top_p = 1.5}), prefopt::value_error);
  BOOST_CHECK_THROW(static_cast<void>(prefopt::sample_token({}, {}, random)), prefopt::value_error);
}

BOOST_AUTO_TEST_CASE(logits_that_are_no_distribution_are_refused) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(),
                   infinite = std::numeric_limits<double>::infinity();
  prefopt::random_generator random(1);
  for (const double temperature : {0.0, 1.0}) {
    const auto sample = [&](const std::vector<double>& some) {
      return prefopt::sample_token(some, {.temperature = temperature}, random);
    };
    BOOST_CHECK_THROW((void)sample({nan, nan}), prefopt::value_error);
    BOOST_CHECK_THROW((void)sample({1, nan, 2}), prefopt::value_error);
    BOOST_CHECK_THROW((void)sample({-infinite, -infinite}), prefopt::value_error);
    BOOST_CHECK_THROW((void)sample({0, infinite}), prefopt::value_error);
    BOOST_TEST(sample({-infinite, 0, -infinite}) == 1);
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_probability_is_not_drawn_where_rounding_leaves_something_over) {
  // The state whose next 64 bits are all ones: the largest number below 1.
  // 1/9
  const std::uint64_t bits = ~std::uint64_t{0} * 0x8e38e38e38e38e39;
  // 1/5
  const prefopt::random_generator::state_type highest{1, std::rotr(bits, 7) * 0xcccccccccccccccd, 1,
                                                      1};
  prefopt::random_generator random(1), values(2);
  random.set_state(highest);
  BOOST_TEST_REQUIRE(random.uniform() == 1 - 0x1p-53);
  for (int i = 0; i < 200; ++i) {
    std::vector<double> some(20);
    for (double& logit : some) logit = values.normal();
    some[18] = -1000;  // its exponential is 0
    some[19] = -std::numeric_limits<double>::infinity();
    random.set_state(highest);
    BOOST_TEST(prefopt::sample_token(some, {}, random) < 18);
  }
}
