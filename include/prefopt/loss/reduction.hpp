// SPDX-License-Identifier: MIT
#pragma once
// Reduces a response's token log-probs to the number that a loss reads; its adjoint turns the
// loss's slope with respect to that number into slopes with respect to the tokens.

#include <algorithm>
#include <cstddef>
#include <span>

#include "prefopt/core/double_values.hpp"
#include "prefopt/core/tensor.hpp"
#include "prefopt/loss/concepts.hpp"

namespace prefopt::inline v0_2 {

/// The sum or the mean of token log-probs [n], nats, added up in order in double. Over no tokens,
/// both are 0: such a response says nothing and moves nothing. Throws shape_error for a tensor that
/// is not a vector.
template <vector_like V>
[[nodiscard]] double reduce(token_reduction reduction, const V& token_log_probs) {
  const double_values values(token_log_probs, "reduce: token log-probs");
  double sum = 0;
  for (const double value : values.span()) sum += value;
  if (reduction == token_reduction::sum || values.size() == 0) return sum;
  return sum / static_cast<double>(values.size());
}

/// Adds to each of the token slopes [n] the derivative with respect to its token, given `slope`,
/// the derivative with respect to the reduced number. It adds so that the terms of a sum of losses
/// can follow one another.
inline void add_token_slopes(token_reduction reduction, double slope,
                             std::span<double> token_slopes) {
  const double share =
      // of no tokens: unread
      reduction == token_reduction::sum ? slope : slope / static_cast<double>(token_slopes.size());
  for (double& token_slope : token_slopes) token_slope += share;
}

/// What a reduction may know in addition to the tokens: the length of the example's shortest
/// response.
struct reduction_context {
  std::size_t shortest = 0;
};

[[nodiscard]] inline double reduce(token_reduction reduction, std::span<const double> tokens,
                                   reduction_context) {
  return reduce(reduction, tokens);
}
inline void add_token_slopes(token_reduction reduction, double slope,
                             std::span<double> token_slopes, reduction_context) {
  add_token_slopes(reduction, slope, token_slopes);
}

[[nodiscard]] inline double reduce(desensitized_sum reduction, std::span<const double> tokens,
                                   reduction_context context) {
  const std::size_t shared = std::min(context.shortest, tokens.size());
  return reduce(token_reduction::sum, tokens.first(shared)) +
         reduction.tail * reduce(token_reduction::sum, tokens.subspan(shared));
}
inline void add_token_slopes(desensitized_sum reduction, double slope,
                             std::span<double> token_slopes, reduction_context context) {
  const std::size_t shared = std::min(context.shortest, token_slopes.size());
  add_token_slopes(token_reduction::sum, slope, token_slopes.first(shared));
  add_token_slopes(token_reduction::sum, reduction.tail * slope, token_slopes.subspan(shared));
}

}  // namespace prefopt::inline v0_2
