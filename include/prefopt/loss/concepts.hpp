// SPDX-License-Identifier: MIT
#pragma once
// The input and output of a pairwise loss, and what it must declare. A loss sees numbers, never
// tokens or models.

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

/// The four log-probabilities of a pair, in nats, reduced over response tokens as the loss requires
/// (`reduction`), and the responses' lengths in tokens.
struct pair_log_probs {
  double policy_chosen = 0;
  double policy_rejected = 0;
  double reference_chosen = 0;
  double reference_rejected = 0;
  std::int64_t chosen_tokens = 0;
  std::int64_t rejected_tokens = 0;
};

/// A pair's loss and its derivatives with respect to `policy_chosen` and `policy_rejected`.
struct pair_loss {
  double loss = 0;
  double slope_chosen = 0;
  double slope_rejected = 0;
};

/// How token log-probs become the number that a loss reads.
enum class token_reduction { sum, mean };

/// The sum in which tokens beyond the length of the example's shortest response have weight `tail`:
/// the remaining share of a longer response's verbosity (Liu et al. 2024, arXiv:2409.06411).
struct desensitized_sum {
  double tail = 1;
};

/// A way to reduce: a constant of the loss, or a member if it has settings.
template <class R>
concept reduction_of_tokens = std::same_as<std::remove_cvref_t<R>, token_reduction> ||
                              std::same_as<std::remove_cvref_t<R>, desensitized_sum>;

/// Which inputs a loss reads. Inputs that it does not read are neither computed nor accepted as an
/// option.
struct loss_inputs {
  bool rejected = true;   ///< all responses; else only an example's best one by score
  bool reference = true;  ///< the reference's log-probs
  /// at each response token, log sum_v p(v)^2 of the policy's whole distribution
  bool square_sums = false;
  /// at each response token, KL(reference || policy) of the whole distributions
  bool divergences = false;
  bool mismatched = false;  ///< also responses that answer another prompt
  bool lengths = false;     ///< of a pair, the responses' lengths in tokens

  /// The inputs that two losses read together.
  [[nodiscard]] friend constexpr loss_inputs operator|(const loss_inputs& a, const loss_inputs& b) {
    return {.rejected = a.rejected || b.rejected,
            .reference = a.reference || b.reference,
            .square_sums = a.square_sums || b.square_sums,
            .divergences = a.divergences || b.divergences,
            .mismatched = a.mismatched || b.mismatched,
            .lengths = a.lengths || b.lengths};
  }
};

/// The name of a loss in messages: its `name`, or "loss" if it has none.
template <class Loss>
[[nodiscard]] constexpr std::string_view loss_name() {
  if constexpr (requires { std::string_view(Loss::name); })
    return Loss::name;
  else
    return "loss";
}

/// A loss over one pair.
/// Needs: (1) `reduction`, how tokens become one number; (2) `inputs`, a static constant; (3) a
/// const call operator from pair_log_probs to pair_loss in closed form, finite for finite input, in
/// double; (4) `check(loss)`, found by argument-dependent lookup, which throws value_error for
/// hyper-parameters outside their range. Promises: the slopes are the derivatives of the loss; a
/// slope of an input that `inputs` excludes is 0; it reads lengths only if `inputs` says so,
/// because otherwise they may be 0. Not required: that it reads all of its input.
template <class L>
concept pairwise_loss = std::copyable<L> && requires(const L& loss, const pair_log_probs& pair) {
  { loss(pair) } -> std::same_as<pair_loss>;
  { loss.reduction } -> reduction_of_tokens;
  { L::inputs } -> std::convertible_to<loss_inputs>;
  check(loss);
};

/// A pairwise_loss of the margin only: adding the same number to both log-ratios changes nothing.
template <class L>
concept margin_loss = pairwise_loss<L> && static_cast<bool>(L::reads_margin_only);

}  // namespace prefopt::inline v0_2
