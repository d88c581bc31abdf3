// SPDX-License-Identifier: MIT
#pragma once
// What a pairwise loss is given, gives back, and must declare. A loss sees numbers, never tokens or models.

#include <concepts>
#include <cstdint>

namespace prefopt {

/// The four log-probabilities of a pair, in nats, reduced over response tokens as the loss asks (`reduction`), and the
/// responses' lengths in tokens.
struct pair_log_probs {
  double policy_chosen = 0;
  double policy_rejected = 0;
  double reference_chosen = 0;
  double reference_rejected = 0;
  std::int64_t chosen_tokens = 0;
  std::int64_t rejected_tokens = 0;
};

/// A pair's loss and its derivatives by `policy_chosen` and `policy_rejected`.
struct pair_loss {
  double loss = 0;
  double slope_chosen = 0;
  double slope_rejected = 0;
};

/// How token log-probs become the number that a loss reads.
enum class token_reduction { sum, mean };

/// Which inputs a loss reads. What it does not read is neither computed nor accepted as an option.
struct loss_inputs {
  bool rejected = true;
  bool reference = true;
};

/// A loss over one pair.
/// Needs: (1) `reduction`, (2) `inputs`, both static constants; (3) a const call operator from pair_log_probs to
/// pair_loss in closed form, finite for finite input, in double; (4) `check(loss)`, found by argument-dependent lookup,
/// which throws value_error for hyper-parameters outside their range.
/// Promises: the slopes are the derivatives of the loss; a slope of an input that `inputs` denies is 0.
/// Not asked: that it reads all of its input.
template <class L>
concept pairwise_loss = std::copyable<L> && requires(const L& loss, const pair_log_probs& pair) {
  { loss(pair) } -> std::same_as<pair_loss>;
  { L::reduction } -> std::convertible_to<token_reduction>;
  { L::inputs } -> std::convertible_to<loss_inputs>;
  check(loss);
};

}  // namespace prefopt
