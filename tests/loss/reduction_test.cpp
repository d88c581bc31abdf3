// SPDX-License-Identifier: MIT
#include "prefopt/loss/reduction.hpp"

#include <array>
#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "support/tolerance.hpp"

using namespace prefopt;

BOOST_AUTO_TEST_CASE(sum_and_mean_are_what_their_names_say) {
  const std::vector<double> tokens = {-1, -2.5, -0.5, -4};
  BOOST_TEST(reduce(token_reduction::sum, tokens) == -8.0);
  BOOST_TEST(reduce(token_reduction::mean, tokens) == -2.0);
  BOOST_TEST(reduce(token_reduction::mean, std::span(tokens).first(2)) == -1.75);
  BOOST_TEST(reduce(token_reduction::sum, std::array<float, 2>{-0.5f, -0.25f}) == -0.75);
}

BOOST_AUTO_TEST_CASE(floats_are_added_up_in_double) {
  const std::vector<float> tokens(1 << 12, -0.1f);
  BOOST_TEST(prefopt_test::is_close(reduce(token_reduction::mean, tokens),
                                    static_cast<double>(-0.1f), prefopt_test::rounding<double>));
}

BOOST_AUTO_TEST_CASE(no_token_gives_zero_and_takes_no_slope) {
  const std::vector<double> none;
  BOOST_TEST(reduce(token_reduction::sum, none) == 0.0);
  BOOST_TEST(reduce(token_reduction::mean, none) == 0.0);
  std::vector<double> no_slopes;
  BOOST_CHECK_NO_THROW(add_token_slopes(token_reduction::mean, 1.0, no_slopes));
}

BOOST_AUTO_TEST_CASE(token_slopes_are_the_adjoint_of_the_reduction) {
  random_generator random(3);
  for (const token_reduction reduction : {token_reduction::sum, token_reduction::mean}) {
    std::vector<double> direction(17), slopes(17);
    for (double& value : direction) value = random.normal();
    const double slope = random.normal();
    add_token_slopes(reduction, slope, slopes);
    // <adjoint(slope), direction> = slope * reduce(direction), as reductions are linear
    double inner = 0;
    for (std::size_t i = 0; i < slopes.size(); ++i) inner += slopes[i] * direction[i];
    BOOST_TEST(prefopt_test::is_close(inner, slope * reduce(reduction, direction),
                                      prefopt_test::rounding<double>, 1));
  }
}

BOOST_AUTO_TEST_CASE(token_slopes_add_up) {
  std::vector<double> slopes = {1, 2, 3, 4};
  add_token_slopes(token_reduction::mean, 2.0, slopes);
  add_token_slopes(token_reduction::sum, -1.0, std::span(slopes).last(1));
  BOOST_TEST(slopes == (std::vector<double>{1.5, 2.5, 3.5, 3.5}), boost::test_tools::per_element());
}
