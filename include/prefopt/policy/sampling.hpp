// SPDX-License-Identifier: MIT
#pragma once
// Drawing a token from logits: temperature, then top-k, then top-p, with the order and meaning of
// Hugging Face's generate (top-p: Holtzman et al. 2020, arXiv:1904.09751, section 3.1).

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/example.hpp"

namespace prefopt::inline v0_2 {

struct sampling_options {
  double temperature = 1;  ///< 0: always the most probable token
  std::size_t top_k = 0;   ///< keep the k most probable tokens; 0: all
  double top_p = 1;        ///< keep the fewest tokens whose probabilities reach this sum
};

/// Throws value_error unless temperature >= 0 and finite, and 0 < top_p <= 1.
inline void check(const sampling_options& options) {
  if (!(options.temperature >= 0 && std::isfinite(options.temperature)))
    throw value_error(concat("sampling: temperature is ", options.temperature,
                             ", expected at least 0 and finite"));
  if (!(options.top_p > 0 && options.top_p <= 1))
    throw value_error(
        concat("sampling: top_p is ", options.top_p, ", expected above 0 and at most 1"));
}

/// Draws a token from softmax(logits / temperature), cut by top-k and top-p. logits [V], up to an
/// additive constant. Among equal logits the smaller id comes first; -inf is never drawn. Throws
/// value_error for invalid options and if there are no logits, one is NaN or the greatest is not
/// finite.
[[nodiscard]] inline token_id sample_token(std::span<const double> logits,
                                           const sampling_options& options,
                                           random_generator& random) {
  check(options);
  if (logits.empty()) throw value_error("sample_token: no logits");
  const auto nan = std::ranges::find_if(logits, [](double logit) { return std::isnan(logit); });
  if (nan != logits.end())
    throw value_error(concat("sample_token: logit ", nan - logits.begin(), " is NaN"));
  const auto largest = std::ranges::max_element(logits);
  if (!std::isfinite(*largest))
    throw value_error(concat("sample_token: the greatest logit is ", *largest));
  if (options.temperature == 0) return static_cast<token_id>(largest - logits.begin());

  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const bool cuts = options.top_k > 0 || options.top_p < 1;
  if (cuts) std::ranges::stable_sort(order, {}, [&](std::size_t i) { return -logits[i]; });
  if (options.top_k > 0 && options.top_k < order.size()) order.resize(options.top_k);

  std::vector<double> weights(order.size());
  std::ranges::transform(order, weights.begin(), [&](std::size_t i) {
    return std::exp((logits[i] - *largest) / options.temperature);
  });
  double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (options.top_p < 1) {
    double sum = 0;
    std::size_t kept = 0;
    while (kept < weights.size() && sum < options.top_p * total) sum += weights[kept++];
    weights.resize(kept);
    total = sum;
  }
  double left = random.uniform() * total;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) return static_cast<token_id>(order[i]);
  }
  std::size_t last = weights.size() - 1;  // rounding remainder: the last one that can be drawn
  while (last > 0 && weights[last] == 0) --last;
  return static_cast<token_id>(order[last]);
}

}  // namespace prefopt::inline v0_2
