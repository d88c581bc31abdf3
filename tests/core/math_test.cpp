// SPDX-License-Identifier: MIT
#include "prefopt/core/math.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "support/tolerance.hpp"

using namespace prefopt;
using prefopt_test::is_close;
using prefopt_test::rounding;

namespace {

using reals = std::tuple<float, double>;

constexpr double arguments[] = {-80, -30, -5, -1, -1e-3, -1e-12, 0, 1e-12, 1e-3, 1, 5, 30, 80};

/// In long double, whose extra digits serve as the exact value.
double exact_log1p_exp(long double x) { return static_cast<double>(std::log1p(std::exp(x))); }
double exact_sigmoid(long double x) { return static_cast<double>(1 / (1 + std::exp(-x))); }

template <class Real>
constexpr Real infinity = std::numeric_limits<Real>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(values_keep_their_relative_precision_at_both_ends, Real, reals) {
  for (const double at : arguments) {
    const Real x = static_cast<Real>(at);
    BOOST_TEST_CONTEXT("at " << at) {
      BOOST_TEST(is_close(static_cast<double>(log1p_exp(x)), exact_log1p_exp(x), rounding<Real>));
      BOOST_TEST(
          is_close(static_cast<double>(log_sigmoid(x)), -exact_log1p_exp(-x), rounding<Real>));
      BOOST_TEST(is_close(static_cast<double>(sigmoid(x)), exact_sigmoid(x), rounding<Real>));
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(far_out_they_are_their_limits, Real, reals) {
  for (const Real x : {Real{1000}, infinity<Real>}) {
    BOOST_TEST(log1p_exp(x) == x);
    BOOST_TEST(log1p_exp(-x) == Real{0});
    BOOST_TEST(log_sigmoid(x) == Real{0});
    BOOST_TEST(log_sigmoid(-x) == -x);
    BOOST_TEST(sigmoid(x) == Real{1});
    BOOST_TEST(sigmoid(-x) == Real{0});
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_smallest_values_do_not_vanish, Real, reals) {
  // exp(x) is subnormal, exp(-x) beyond the largest
  const Real x = std::log(std::numeric_limits<Real>::min()) - 2;
  BOOST_TEST(sigmoid(x) == std::exp(x));
  BOOST_TEST(log1p_exp(x) == std::exp(x));
  BOOST_TEST(sigmoid(x) > Real{0});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(at_zero_they_are_exact, Real, reals) {
  BOOST_TEST(log1p_exp(Real{0}) == std::log(Real{2}));
  BOOST_TEST(log_sigmoid(Real{0}) == -std::log(Real{2}));
  BOOST_TEST(sigmoid(Real{0}) == Real{0.5});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_a_number_stays_so, Real, reals) {
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  BOOST_TEST(std::isnan(log1p_exp(nan)));
  BOOST_TEST(std::isnan(log_sigmoid(nan)));
  BOOST_TEST(std::isnan(sigmoid(nan)));
  BOOST_TEST(std::isnan(log_sum_exp(nan, Real{1})));
  BOOST_TEST(std::isnan(log_sum_exp(Real{1}, nan)));
  BOOST_TEST(std::isnan(log_sum_exp(std::array{Real{1}, nan})));
  BOOST_TEST(std::isnan(log_sum_exp(std::array{nan, infinity<Real>})));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(two_numbers_and_a_range_of_two_agree, Real, reals) {
  for (const double a : arguments)
    for (const double b : arguments) {
      const Real x = static_cast<Real>(a), y = static_cast<Real>(b);
      const double both = static_cast<double>(log_sum_exp(x, y));
      BOOST_TEST(
          is_close(both, static_cast<double>(log_sum_exp(std::array{x, y})), rounding<Real>, 1));
      BOOST_TEST(log_sum_exp(y, x) == log_sum_exp(x, y));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_shift_of_all_numbers_shifts_the_log_of_the_sum, Real, reals) {
  const std::vector<Real> numbers = {Real{0.5}, Real{-2}, Real{1.5}, Real{-7}};
  double sum = 0;
  for (const Real x : numbers) sum += std::exp(static_cast<double>(x));
  for (const Real shift : {Real{-1e4}, Real{0}, Real{1e4}}) {
    std::vector<Real> shifted = numbers;
    for (Real& x : shifted) x += shift;
    const double expected = static_cast<double>(shift) + std::log(sum);
    BOOST_TEST(is_close(static_cast<double>(log_sum_exp(shifted)), expected, rounding<Real>));
    BOOST_TEST(log_sum_exp(std::span<const Real>(shifted)) == log_sum_exp(shifted));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(infinities_and_empty_sums_have_their_limits, Real, reals) {
  const Real inf = infinity<Real>;
  BOOST_TEST(log_sum_exp(std::vector<Real>{}) == -inf);
  BOOST_TEST(log_sum_exp(std::array{-inf, -inf}) == -inf);
  BOOST_TEST(log_sum_exp(std::array{-inf, Real{3}}) == Real{3});
  BOOST_TEST(log_sum_exp(std::array{inf, Real{3}}) == inf);
  BOOST_TEST(log_sum_exp(-inf, -inf) == -inf);
  BOOST_TEST(log_sum_exp(inf, inf) == inf);
  BOOST_TEST(log_sum_exp(-inf, Real{3}) == Real{3});
  BOOST_TEST(log_sum_exp(inf, -inf) == inf);
}
