// SPDX-License-Identifier: MIT
#pragma once
// Two tokens and two bigrams, so few that losses and metrics can be computed by hand.

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/policy/bigram.hpp"
#include "prefopt/train/metric.hpp"
#include "train/step_outcome.hpp"

namespace prefopt::tests {

/// 3/4 and 1/4 after token 0, 1/2 and 1/2 after token 1.
inline bigram tilted_policy() {
  bigram policy(2);
  policy.parameters().at(0).value[0] = std::log(3.0);
  return policy;
}

/// 1/2 and 1/2.
inline bigram even_reference() { return bigram(2); }

// The tilted policy's log-probs, and its log-ratios to the even reference where it is tilted.
inline const double likely = std::log(0.75), unlikely = std::log(0.25), even = std::log(0.5);
inline const double up = std::log(1.5), down = std::log(0.5);

inline std::vector<std::string> names(const std::vector<metric>& metrics) {
  std::vector<std::string> all;
  for (const metric& one : metrics) all.emplace_back(one.name);
  return all;
}

inline void check_metric(const std::vector<metric>& metrics, std::string_view name,
                         double expected) {
  check_close(find_metric(metrics, name).value(), expected);
}

}  // namespace prefopt::tests
