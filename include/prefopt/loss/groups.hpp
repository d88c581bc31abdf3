// SPDX-License-Identifier: MIT
#pragma once
// The inputs and outputs of losses beyond the pair, and what they must declare: losses over a list
// of responses to one prompt, and losses that couple all examples of a step.
//
// Legend: E examples, S responses of all of them, K responses of one.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prefopt/loss/concepts.hpp"

namespace prefopt::inline v0_2 {

/// One response: log-probs in nats, reduced over its tokens as the loss requires, its length in
/// tokens, and its score: higher is better, above 0 means desirable for losses that need a yes or
/// no (in a pair: 1 for the chosen, 0 for the rejected). A score that is not a number marks a
/// response to another prompt, which is present for losses whose inputs include it.
struct response_log_probs {
  double policy = 0;
  double reference = 0;
  std::int64_t tokens = 0;
  double score = 0;
};

/// The responses of E examples, example by example.
struct response_groups {
  std::span<const response_log_probs> responses;  // [S]
  std::span<const std::size_t> begins;            // [E + 1] where each example begins, and S

  [[nodiscard]] std::size_t size() const { return begins.empty() ? 0 : begins.size() - 1; }
  [[nodiscard]] std::span<const response_log_probs> operator[](std::size_t e) const {
    return responses.subspan(begins[e], begins[e + 1] - begins[e]);
  }
};

/// A list's loss and its derivative with respect to each `policy`.
struct list_loss {
  double loss = 0;
  std::vector<double> slopes;  // [K]
};

/// The losses of a step's examples, and the derivatives of their sum with respect to each `policy`.
struct batch_losses {
  std::vector<double> losses;  // [E]
  std::vector<double> slopes;  // [S]
};

/// A loss over the K >= 2 responses to one prompt.
/// Needs, in addition to `reduction`, `inputs` and `check(loss)` as for a pairwise_loss: a const
/// call operator from a span of response_log_probs to list_loss. It throws value_error for a list
/// that it cannot read. Promises: slopes are derivatives; the order of the responses changes
/// nothing except rounding.
template <class L>
concept listwise_loss =
    std::copyable<L> && requires(const L& loss, std::span<const response_log_probs> list) {
      { loss(list) } -> std::same_as<list_loss>;
      { loss.reduction } -> reduction_of_tokens;
      { loss.inputs } -> std::convertible_to<loss_inputs>;
      check(loss);
    };

/// A loss in which the examples of a step depend on each other. The step's loss is the mean of its
/// `losses`. Needs: as a listwise_loss, but from response_groups to batch_losses. Promises: slopes
/// are the derivatives of the losses' sum, except for what the loss's page describes as held
/// constant.
template <class L>
concept batch_loss = std::copyable<L> && requires(const L& loss, const response_groups& groups) {
  { loss(groups) } -> std::same_as<batch_losses>;
  { loss.reduction } -> reduction_of_tokens;
  { loss.inputs } -> std::convertible_to<loss_inputs>;
  check(loss);
};

/// A loss that carries state from one step to the next.
/// Needs: `observe(groups)`, called once per step with all of its examples, before the loss is
/// called, and never if it is only evaluated; `state()`, everything that it carries;
/// `restore(state)`, which throws value_error for an invalid state.
template <class L>
concept stateful_loss = requires(L& loss, const L& constant, const response_groups& groups,
                                 std::span<const double> state) {
  loss.observe(groups);
  { constant.state() } -> std::same_as<std::vector<double>>;
  loss.restore(state);
};

}  // namespace prefopt::inline v0_2
