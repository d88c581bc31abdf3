// SPDX-License-Identifier: MIT
#pragma once
// What losses beyond the pair are given, give back, and must declare: losses of a list of responses
// to one prompt, and losses that couple all examples of a step.
//
// Legend: E examples, S responses of all of them, K responses of one.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prefopt/loss/concepts.hpp"

namespace prefopt {

/// One response: log-probs in nats, reduced over its tokens as the loss asks, its length in tokens,
/// and how good it is: the higher the better, above 0 desirable where a loss asks for yes or no (of
/// a pair: 1 the chosen, 0 the rejected). A score that is not a number marks a response to another
/// prompt, which is there for a loss whose inputs name it.
struct response_log_probs {
  double policy = 0;
  double reference = 0;
  std::int64_t tokens = 0;
  double score = 0;
};

/// The responses of E examples, example by example.
struct response_groups {
  std::span<const response_log_probs> responses;  // [S]
  std::span<const std::size_t> begins;            // [E + 1] where each example's begin, and S

  [[nodiscard]] std::size_t size() const { return begins.empty() ? 0 : begins.size() - 1; }
  [[nodiscard]] std::span<const response_log_probs> operator[](std::size_t e) const {
    return responses.subspan(begins[e], begins[e + 1] - begins[e]);
  }
};

/// A list's loss and its derivative by each `policy`.
struct list_loss {
  double loss = 0;
  std::vector<double> slopes;  // [K]
};

/// The losses of a step's examples, and the derivatives of their sum by each `policy`.
struct batch_losses {
  std::vector<double> losses;  // [E]
  std::vector<double> slopes;  // [S]
};

/// A loss over the K >= 2 responses to one prompt.
/// Needs, beside `reduction`, `inputs` and `check(loss)` as a pairwise_loss: a const call operator
/// from a span of response_log_probs to list_loss. It throws value_error for a list that it cannot
/// read. Promises: slopes are derivatives; the order of the responses changes nothing but for
/// rounding.
template <class L>
concept listwise_loss =
    std::copyable<L> && requires(const L& loss, std::span<const response_log_probs> list) {
      { loss(list) } -> std::same_as<list_loss>;
      { loss.reduction } -> reduction_of_tokens;
      { loss.inputs } -> std::convertible_to<loss_inputs>;
      check(loss);
    };

/// A loss in which the examples of a step depend on each other. The step's loss is the mean of its
/// `losses`. Needs as a listwise_loss, but from response_groups to batch_losses. Promises: slopes
/// are the derivatives of the losses' sum, but for what the loss's page names as held constant.
template <class L>
concept batch_loss = std::copyable<L> && requires(const L& loss, const response_groups& groups) {
  { loss(groups) } -> std::same_as<batch_losses>;
  { loss.reduction } -> reduction_of_tokens;
  { loss.inputs } -> std::convertible_to<loss_inputs>;
  check(loss);
};

/// A loss that carries numbers from one step to the next.
/// Needs: `observe(groups)`, called once a step with all of its examples, before the loss is asked,
/// and never where it is only evaluated; `state()`, all that it carries; `restore(state)`, which
/// throws value_error for what is no such state.
template <class L>
concept stateful_loss = requires(L& loss, const L& constant, const response_groups& groups,
                                 std::span<const double> state) {
  loss.observe(groups);
  { constant.state() } -> std::same_as<std::vector<double>>;
  loss.restore(state);
};

}  // namespace prefopt
