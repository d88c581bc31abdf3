// SPDX-License-Identifier: MIT
#pragma once
// What a step found and left behind, and how two of them are compared.

#include <cmath>
#include <cstddef>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/train/step.hpp"

namespace prefopt::tests {

struct outcome {
  step_gradient found;
  std::vector<double> gradient;
};

inline void check_close(double a, double b) {
  BOOST_TEST(std::abs(a - b) <= 1e-13 * (1 + std::abs(b)), a << " and " << b);
}

inline void check_same_but_for_rounding(const outcome& a, const outcome& b) {
  BOOST_TEST(a.found.examples == b.found.examples);
  BOOST_TEST(a.found.tokens == b.found.tokens);
  check_close(a.found.loss, b.found.loss);
  BOOST_REQUIRE(a.found.metrics.size() == b.found.metrics.size());
  for (std::size_t i = 0; i < a.found.metrics.size(); ++i) {
    BOOST_TEST(a.found.metrics[i].name == b.found.metrics[i].name);
    check_close(a.found.metrics[i].value, b.found.metrics[i].value);
  }
  BOOST_REQUIRE(a.gradient.size() == b.gradient.size());
  for (std::size_t i = 0; i < a.gradient.size(); ++i) check_close(a.gradient[i], b.gradient[i]);
}

}  // namespace prefopt::tests
