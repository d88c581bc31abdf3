// SPDX-License-Identifier: MIT
#pragma once
// The results of Hugging Face TRL's own code for batches of log-probs, and how far losses are from
// them; tests/golden/losses/make_trl_golden.py wrote the files and describes them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "support/npy.hpp"

namespace prefopt::tests {

/// For a formula with about a dozen roundings in float32, relative to its value.
inline constexpr double float_error = 2e-6;

/// For exp(-z), which is what remains of a wide margin z: a rounding of z counts z times, up to z =
/// 88, beyond which float32 has no such number.
inline constexpr double exponential_error =
    88 * static_cast<double>(std::numeric_limits<float>::epsilon());

/// Below this TRL's numbers are rounded to a grid, or to 0: the smallest normal float, which scores
/// of up to e^20 multiply.
inline constexpr double underflow = 5e8 * static_cast<double>(std::numeric_limits<float>::min());

template <class Element>
[[nodiscard]] std::vector<Element> golden(const std::string& name) {
  return prefopt_test::load_npy<Element>(PREFOPT_TEST_SOURCE_DIR "/golden/losses/" + name + ".npy");
}

/// Token slots in a row of the files.
inline constexpr std::size_t longest = 6;

/// A batch of the files.
///
/// Legend: E examples, S responses, M tokens.
struct batch {
  std::size_t first_row = 0;
  std::vector<double> policy, reference, square_sums;  // [M]
  std::vector<response_tokens> responses;              // [S]
  std::vector<std::size_t> begins{0};                  // [E + 1]

  [[nodiscard]] token_groups groups() const {
    return {policy, reference, responses, begins, square_sums};
  }
};

/// Two rows per example.
[[nodiscard]] inline std::vector<batch> batches_of(const std::string& name) {
  constexpr std::size_t width = 3 + 3 * longest;
  const std::vector<float> rows = golden<float>("trl_" + name);
  std::vector<batch> batches;
  for (std::size_t r = 0; r * width < rows.size(); ++r) {
    const float* const row = &rows[r * width];
    if (batches.size() <= static_cast<std::size_t>(row[0])) batches.emplace_back().first_row = r;
    batch& one = batches.back();
    const auto count = static_cast<std::size_t>(row[1]);
    one.responses.push_back({.first = one.policy.size(), .count = count, .score = row[2]});
    for (std::size_t t = 0; t < count; ++t) {
      one.policy.push_back(row[3 + t]);
      one.reference.push_back(row[3 + longest + t]);
      one.square_sums.push_back(row[3 + 2 * longest + t]);
    }
    if (one.responses.size() % 2 == 0) one.begins.push_back(one.responses.size());
  }
  return batches;
}

/// What a trainer minimizes: the batch's loss and its derivatives with respect to the policy's
/// token log-probs [M].
struct objective {
  double loss = 0;
  std::vector<double> slopes;
};

template <preference_loss Loss>
[[nodiscard]] objective mean_of(const Loss& loss, const token_groups& groups) {
  token_results results = token_losses(loss, groups);
  const auto examples = static_cast<double>(groups.size());
  objective mean{0, std::move(results.slopes)};
  for (const double one : results.losses) mean.loss += one / examples;
  for (double& slope : mean.slopes) slope /= examples;
  return mean;
}

/// The largest deviation seen, and where.
struct deviation {
  /// to what was expected, or to the terms that canceled in it if they are larger
  double relative = 0;
  std::string where = {};

  void see(double came, double expected, double terms, const std::string& location) {
    const double error = std::abs(came - expected);
    if (error <= underflow || error <= relative * std::max(std::abs(expected), terms)) return;
    // A NaN counts as an infinite deviation.
    relative = std::isfinite(error) ? error / std::max(std::abs(expected), terms)
                                    : std::numeric_limits<double>::infinity();
    where = concat(location, ": ", came, ", expected ", expected);
  }
};

/// The deviation over all batches of the file trl_`data` and all numbers of each. `slope_terms`:
/// the size of terms that cancel in a slope.
template <class Objective>
[[nodiscard]] deviation worst(const std::string& name, const std::string& data,
                              const Objective& objective_of, double slope_terms = 0) {
  constexpr std::size_t width = 1 + longest;
  const std::vector<batch> batches = batches_of(data);
  const std::vector<float> expected = golden<float>("trl_" + name);
  BOOST_TEST_REQUIRE(batches.size() >= 5);
  BOOST_TEST_REQUIRE(expected.size() ==
                     width * (batches.back().first_row + batches.back().responses.size()));
  deviation seen;
  for (const batch& one : batches) {
    const objective came = objective_of(one.groups());
    seen.see(came.loss, expected[one.first_row * width], 0,
             concat(name, ", batch from row ", one.first_row));
    for (std::size_t s = 0; s < one.responses.size(); ++s) {
      const auto [first, count, score] = one.responses[s];
      const float* const slopes = &expected[(one.first_row + s) * width + 1];
      for (std::size_t t = 0; t < count; ++t)
        seen.see(came.slopes[first + t], slopes[t], slope_terms,
                 concat(name, ", row ", one.first_row + s, " token ", t));
    }
  }
  return seen;
}

}  // namespace prefopt::tests
