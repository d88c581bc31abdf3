// SPDX-License-Identifier: MIT
#pragma once
// The token-level input of losses, the concept of a loss that reads tokens itself, and the concept
// of all losses that can train a policy.
//
// Legend: E examples, S responses, M tokens.

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/groups.hpp"

namespace prefopt::inline v0_2 {

/// A response's run of the M tokens, and its score (as in response_log_probs).
struct response_tokens {
  std::size_t first = 0;
  std::size_t count = 0;
  double score = 0;
};

/// Everything known about E examples. Inputs that the loss does not read may be empty.
struct token_groups {
  std::span<const double> policy;              // [M] nats
  std::span<const double> reference;           // [M] nats
  std::span<const response_tokens> responses;  // [S]
  // [E + 1] where each example's responses begin, and S
  std::span<const std::size_t> begins;
  std::span<const double> square_sums = {};  // [M] log sum_v p(v)^2
  std::span<const double> divergences = {};  // [M] KL(reference || policy), nats

  [[nodiscard]] std::size_t size() const { return begins.empty() ? 0 : begins.size() - 1; }
  [[nodiscard]] std::span<const response_tokens> operator[](std::size_t e) const {
    return responses.subspan(begins[e], begins[e + 1] - begins[e]);
  }
};

/// The examples' losses, and the derivatives of their sum.
struct token_results {
  std::vector<double> losses;  // [E]
  std::vector<double> slopes;  // [M] with respect to the policy's token log-probs
  // [M] with respect to `divergences`; empty if the loss does not read them
  std::vector<double> divergence_slopes;
};

/// A loss that reads tokens itself.
/// Needs: (1) a const call operator from token_groups to token_results; (2) `inputs`; (3)
/// `couples()`: whether it must see all examples of a step at once; (4) `check(loss)`.
template <class L>
concept token_loss = std::copyable<L> && requires(const L& loss, const token_groups& groups) {
  { loss(groups) } -> std::same_as<token_results>;
  { loss.inputs } -> std::convertible_to<loss_inputs>;
  { loss.couples() } -> std::same_as<bool>;
  check(loss);
};

/// A loss that can train a policy.
template <class L>
concept preference_loss = pairwise_loss<L> || listwise_loss<L> || batch_loss<L> || token_loss<L>;

/// Whether the loss must see all examples of a step at once.
template <preference_loss Loss>
[[nodiscard]] bool couples(const Loss& loss) {
  if constexpr (token_loss<Loss>) return loss.couples();
  return batch_loss<Loss>;
}

}  // namespace prefopt::inline v0_2
