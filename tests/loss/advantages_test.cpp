// SPDX-License-Identifier: MIT
#include "prefopt/loss/advantages.hpp"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/random.hpp"
#include "support/tolerance.hpp"

using namespace prefopt;

namespace {

std::vector<double> random_numbers(std::size_t count, std::uint64_t seed) {
  random_generator random(seed);
  std::vector<double> numbers(count);
  for (double& number : numbers) number = random.normal();
  return numbers;
}

void check_close(double came, double expected) {
  BOOST_TEST(prefopt_test::is_close(came, expected, prefopt_test::rounding<double>, 1),
             came << " and " << expected);
}

void check_close(const std::vector<double>& came, const std::vector<double>& expected) {
  BOOST_TEST_REQUIRE(came.size() == expected.size());
  for (std::size_t i = 0; i < came.size(); ++i) check_close(came[i], expected[i]);
}

double mean_of(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

/// Of a sample: n - 1.
double variance_of(const std::vector<double>& numbers) {
  double squares = 0;
  for (const double number : numbers)
    squares += (number - mean_of(numbers)) * (number - mean_of(numbers));
  return squares / static_cast<double>(numbers.size() - 1);
}

BOOST_AUTO_TEST_CASE(an_advantage_is_the_sum_of_discounted_surprises_to_come) {
  for (std::size_t n = 1; n <= 7; ++n) {
    const auto rewards = random_numbers(n, n), values = random_numbers(n, 100 + n);
    for (const double gamma : {0.0, 0.7, 1.0}) {
      for (const double lam : {0.0, 0.4, 0.95, 1.0}) {
        const auto found = generalized_advantages(rewards, values, {.gamma = gamma, .lam = lam});
        for (std::size_t t = 0; t < n; ++t) {
          double expected = 0;
          for (std::size_t k = 0; t + k < n; ++k) {
            const double next = t + k + 1 < n ? values[t + k + 1] : 0;
            expected += std::pow(gamma * lam, k) * (rewards[t + k] + gamma * next - values[t + k]);
          }
          check_close(found.advantages[t], expected);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(lambda_0_looks_one_token_ahead) {
  const std::vector<double> rewards{1, 2, 4}, values{0.5, 3, -1};
  const auto found = generalized_advantages(rewards, values, {.gamma = 0.5, .lam = 0});
  check_close(found.advantages, {1 + 1.5 - 0.5, 2 - 0.5 - 3, 4 - -1});
}

BOOST_AUTO_TEST_CASE(lambda_1_returns_the_rewards_to_come_whatever_the_values) {
  const std::vector<double> rewards{1, 2, 4};
  for (const std::vector<double>& values : {std::vector<double>{0, 0, 0}, {0.5, 3, -1}}) {
    const auto found = generalized_advantages(rewards, values, {.gamma = 0.5, .lam = 1});
    check_close(found.returns, {1 + 0.5 * (2 + 0.5 * 4), 2 + 0.5 * 4, 4});
  }
}

BOOST_AUTO_TEST_CASE(returns_are_advantages_and_values) {
  const auto rewards = random_numbers(9, 1), values = random_numbers(9, 2);
  const auto found = generalized_advantages(rewards, values);
  for (std::size_t t = 0; t < 9; ++t)
    check_close(found.returns[t], found.advantages[t] + values[t]);
}

BOOST_AUTO_TEST_CASE(a_critic_that_knows_what_is_to_come_leaves_no_advantage) {
  const std::vector<double> rewards{1, 2, 4}, values{7, 6, 4};
  check_close(generalized_advantages(rewards, values, {.gamma = 1, .lam = 0.3}).advantages,
              {0, 0, 0});
}

BOOST_AUTO_TEST_CASE(no_tokens_have_no_advantages_and_other_counts_are_refused) {
  BOOST_TEST(generalized_advantages({}, {}).advantages.empty());
  const std::vector<double> two{1, 2}, three{1, 2, 3};
  BOOST_CHECK_THROW((void)generalized_advantages(two, three), shape_error);
  BOOST_CHECK_THROW((void)generalized_advantages(three, two), shape_error);
}

BOOST_AUTO_TEST_CASE(whitened_numbers_have_mean_0_and_deviation_1) {
  for (const std::size_t count : {2U, 3U, 50U}) {
    auto numbers = random_numbers(count, 5);
    for (double& number : numbers) number = 40 + 7 * number;
    const auto before = numbers;
    whiten(numbers);
    BOOST_TEST(std::abs(mean_of(numbers)) < 1e-12);
    BOOST_TEST(std::abs(variance_of(numbers) - 1) < 1e-7);  // 1e-8 is added to the variance
    for (std::size_t i = 1; i < count; ++i)
      BOOST_TEST((numbers[i] > numbers[i - 1]) == (before[i] > before[i - 1]), "their order stays");
  }
}

BOOST_AUTO_TEST_CASE(whitening_may_keep_the_mean) {
  auto numbers = random_numbers(20, 6), shifted = numbers;
  for (double& number : numbers) number = 3 + 0.1 * number;
  shifted = numbers;
  const double mean = mean_of(numbers);
  whiten(numbers);
  whiten(shifted, true);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    BOOST_TEST(prefopt_test::is_close(shifted[i], numbers[i] + mean, 1e-13, 10));
}

BOOST_AUTO_TEST_CASE(two_numbers_are_whitened_by_hand) {
  std::vector<double> numbers{1, 5};  // mean 3, variance (4 + 4) / 1
  whiten(numbers);
  check_close(numbers, {-2 / std::sqrt(8 + 1e-8), 2 / std::sqrt(8 + 1e-8)});
}

BOOST_AUTO_TEST_CASE(equal_numbers_become_0_and_one_number_stays) {
  std::vector<double> equal{2.5, 2.5, 2.5}, kept = equal, one{2.5}, none;
  whiten(equal);
  check_close(equal, {0, 0, 0});
  whiten(kept, true);
  check_close(kept, {2.5, 2.5, 2.5});
  whiten(one);
  check_close(one, {2.5});
  BOOST_CHECK_NO_THROW(whiten(none));
}

}  // namespace
