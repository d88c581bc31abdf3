// SPDX-License-Identifier: MIT
#pragma once
// Computes what each token was worth from rewards and a critic's values: generalized advantage
// estimation (Schulman et al. 2016, arXiv:1506.02438, eq. 16), and the whitening that PPO applies
// after it.
//
// Legend: n tokens of one response.

#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"

namespace prefopt::inline v0_2 {

struct advantage_options {
  double gamma = 1;   ///< discount of a reward for each token that it comes later, 0 to 1
  double lam = 0.95;  ///< lambda: 0 trusts only the values, 1 only the rewards
};

/// Throws value_error for an option outside its range.
inline void check(const advantage_options& options) {
  const auto share = [](const char* name, double value) {
    if (!(value >= 0 && value <= 1))
      throw value_error(concat("advantages: ", name, " is ", value, ", expected 0 to 1"));
  };
  share("gamma", options.gamma);
  share("lam", options.lam);
}

struct advantages_and_returns {
  std::vector<double> advantages;  // [n]
  std::vector<double> returns;     // [n] advantages + values: the critic's regression targets
};

/// A_t = d_t + gamma lambda A_{t+1} with d_t = r_t + gamma V_{t+1} - V_t. `values` are those before
/// each token; after the last one, V is 0. Throws shape_error unless there are as many rewards as
/// values, and what check(options) throws.
[[nodiscard]] inline advantages_and_returns generalized_advantages(
    std::span<const double> rewards, std::span<const double> values,
    const advantage_options& options = {}) {
  check(options);
  if (rewards.size() != values.size())
    throw shape_error(concat("generalized_advantages: ", rewards.size(), " rewards for ",
                             values.size(), " values"));
  advantages_and_returns found{std::vector<double>(rewards.size()),
                               std::vector<double>(rewards.size())};
  double next_value = 0, next_advantage = 0;
  for (std::size_t t = rewards.size(); t-- > 0;) {
    const double surprise = rewards[t] + options.gamma * next_value - values[t];
    next_advantage = surprise + options.gamma * options.lam * next_advantage;
    next_value = values[t];
    found.advantages[t] = next_advantage;
    found.returns[t] = next_advantage + values[t];
  }
  return found;
}

/// Divides by the standard deviation (of a sample, n - 1; 1e-8 is added to the variance), and
/// removes the mean or keeps it. A single number has no deviation and stays unchanged.
inline void whiten(std::span<double> numbers, bool keep_mean = false) {
  if (numbers.size() < 2) return;
  const auto count = static_cast<double>(numbers.size());
  const double mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / count;
  double squares = 0;
  for (const double number : numbers) squares += (number - mean) * (number - mean);
  const double scale = 1 / std::sqrt(squares / (count - 1) + 1e-8);
  for (double& number : numbers) number = (number - mean) * scale + (keep_mean ? mean : 0);
}

}  // namespace prefopt::inline v0_2
