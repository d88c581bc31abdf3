// SPDX-License-Identifier: MIT
#include "prefopt/core/best_score.hpp"

#include <limits>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(the_best_score_is_the_first_of_the_greatest_numbers) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN(),
                   least = -std::numeric_limits<double>::infinity();
  const auto best_of = [](const std::vector<double>& scores) {
    return prefopt::best_score(scores.size(), [&](std::size_t i) { return scores[i]; });
  };
  BOOST_TEST(best_of({1, 3, 2}) == 1U);
  BOOST_TEST(best_of({1, 3, 3}) == 1U);
  BOOST_TEST(best_of({none, -2, none, -1}) == 3U);
  BOOST_TEST(best_of({none, least, least}) == 1U);
  BOOST_TEST(best_of({none, none}) == 2U);
  BOOST_TEST(best_of({}) == 0U);
}
