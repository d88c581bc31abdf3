// SPDX-License-Identifier: MIT
#pragma once
// token_losses: any loss from token log-probs to token slopes. What a step knows of its examples goes in, reduced over
// tokens as the loss asks, and the adjoint of the reduction carries the slopes back. One function for all kinds of
// losses, so that trainers and sums of losses need to know one kind. Legend: E examples, S responses, M tokens.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/batch_pairs.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/evaluate.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/reduction.hpp"

namespace prefopt {

/// Where a response's tokens lie among M, and how good it is (as in response_log_probs).
struct placed_response {
  std::size_t first = 0;
  std::size_t count = 0;
  double score = 0;
};

/// All that is known of E examples. What the loss does not read may be empty.
struct token_groups {
  std::span<const double> policy;              // [M] nats
  std::span<const double> reference;           // [M] nats
  std::span<const placed_response> responses;  // [S]
  std::span<const std::size_t> begins;         // [E + 1] where each example's responses begin, and S
  std::span<const double> square_sums = {};    // [M] log sum_v p(v)^2
  std::span<const double> divergences = {};    // [M] KL(reference || policy), nats

  [[nodiscard]] std::size_t size() const { return begins.size() - 1; }
  [[nodiscard]] std::span<const placed_response> operator[](std::size_t e) const {
    return responses.subspan(begins[e], begins[e + 1] - begins[e]);
  }
};

/// The examples' losses, and the derivatives of their sum.
struct token_results {
  std::vector<double> losses;             // [E]
  std::vector<double> slopes;             // [M] by the policy's token log-probs
  std::vector<double> divergence_slopes;  // [M] by `divergences`; empty where the loss does not read them
};

/// A loss that reads tokens itself.
/// Needs: (1) a const call operator from token_groups to token_results; (2) `inputs`; (3) `couples()`: whether it has
/// to see all examples of a step at once; (4) `check(loss)`.
template <class L>
concept token_loss = std::copyable<L> && requires(const L& loss, const token_groups& groups) {
  { loss(groups) } -> std::same_as<token_results>;
  { loss.inputs } -> std::convertible_to<loss_inputs>;
  { loss.couples() } -> std::same_as<bool>;
  check(loss);
};

/// What a policy can be trained with.
template <class L>
concept preference_loss = pairwise_loss<L> || listwise_loss<L> || batch_loss<L> || token_loss<L>;

/// Whether the loss has to see all examples of a step at once.
template <preference_loss Loss>
[[nodiscard]] bool couples(const Loss& loss) {
  if constexpr (token_loss<Loss>) return loss.couples();
  return batch_loss<Loss>;
}

/// Whether the loss carries numbers from step to step. A token_loss that can observe does, unless its `carries_state()`
/// says that it does not.
template <preference_loss Loss>
[[nodiscard]] bool carries_state(const Loss& loss) {
  if constexpr (!token_loss<Loss>) {
    return stateful_loss<Loss>;
  } else if constexpr (requires {
                         { loss.carries_state() } -> std::same_as<bool>;
                       }) {
    return loss.carries_state();
  } else {
    return requires(Loss & mutable_loss, const token_groups& groups) { mutable_loss.observe(groups); };
  }
}

namespace detail {

template <class Number>
[[nodiscard]] std::span<Number> tokens_of(const placed_response& response, std::span<Number> numbers) {
  return numbers.subspan(response.first, response.count);
}

[[nodiscard]] inline reduction_context context_of(std::span<const placed_response> group) {
  return {std::ranges::min(group, {}, &placed_response::count).count};
}

/// [S], in the order of the responses. `reads_reference`: else 0.
template <class Reduction>
[[nodiscard]] std::vector<response_log_probs> reduce_all(const Reduction& reduction, bool reads_reference,
                                                         const token_groups& groups) {
  std::vector<response_log_probs> reduced;
  reduced.reserve(groups.responses.size());
  for (std::size_t e = 0; e < groups.size(); ++e) {
    const reduction_context context = context_of(groups[e]);
    for (const placed_response& response : groups[e]) {
      reduced.push_back(
          {.policy = reduce(reduction, tokens_of(response, groups.policy), context),
           .reference = reads_reference ? reduce(reduction, tokens_of(response, groups.reference), context) : 0,
           .tokens = static_cast<std::int64_t>(response.count),
           .score = response.score});
    }
  }
  return reduced;
}

/// The adjoint: [S] slopes to [M].
template <class Reduction>
[[nodiscard]] std::vector<double> spread_all(const Reduction& reduction, std::span<const double> slopes,
                                             const token_groups& groups) {
  std::vector<double> token_slopes(groups.policy.size());
  for (std::size_t e = 0, s = 0; e < groups.size(); ++e) {
    const reduction_context context = context_of(groups[e]);
    for (const placed_response& response : groups[e])
      add_token_slopes(reduction, slopes[s++], tokens_of(response, std::span(token_slopes)), context);
  }
  return token_slopes;
}

/// A group as the pair that it is, or its first response alone where the loss reads no more. Throws value_error.
template <pairwise_loss Loss>
[[nodiscard]] pair_log_probs as_pair(const Loss& loss, std::span<const response_log_probs> group) {
  if (loss.inputs.rejected) return pair_of(loss_name<Loss>(), group);
  if (group.empty()) throw value_error(join(loss_name<Loss>(), ": an example without responses"));
  return {.policy_chosen = group[0].policy, .reference_chosen = group[0].reference, .chosen_tokens = group[0].tokens};
}

/// Losses and slopes of reduced numbers, for losses that read those.
template <preference_loss Loss>
requires(!token_loss<Loss>) [[nodiscard]] batch_losses losses_of(const Loss& loss, const response_groups& groups) {
  if constexpr (batch_loss<Loss>) {
    return loss(groups);
  } else {
    batch_losses results;
    results.slopes.reserve(groups.responses.size());
    for (std::size_t e = 0; e < groups.size(); ++e) {
      if constexpr (pairwise_loss<Loss>) {
        const pair_loss one = loss(as_pair(loss, groups[e]));
        results.losses.push_back(one.loss);
        results.slopes.push_back(one.slope_chosen);
        if (groups[e].size() > 1) results.slopes.push_back(one.slope_rejected);
        results.slopes.resize(groups.begins[e + 1]);  // responses beyond those of a loss that reads the first
      } else {
        if (groups[e].size() < 2)
          throw value_error(join(loss_name<Loss>(), ": an example with one response, wanted two or more"));
        const list_loss one = loss(groups[e]);
        results.losses.push_back(one.loss);
        results.slopes.insert(results.slopes.end(), one.slopes.begin(), one.slopes.end());
      }
    }
    return results;
  }
}

inline void require_numbers(std::string_view loss, const char* what, std::size_t came, const token_groups& groups) {
  if (came != groups.policy.size())
    throw shape_error(join(loss, ": ", came, ' ', what, " for ", groups.policy.size(), " tokens"));
}

}  // namespace detail

/// Throws shape_error where a number that the loss reads is not there for every token, value_error where an example has
/// a number of responses that the loss cannot read.
template <preference_loss Loss>
[[nodiscard]] token_results token_losses(const Loss& loss, const token_groups& groups) {
  constexpr std::string_view name = detail::loss_name<Loss>();
  if (loss.inputs.reference) detail::require_numbers(name, "reference log-probs", groups.reference.size(), groups);
  if (loss.inputs.square_sums) detail::require_numbers(name, "square sums", groups.square_sums.size(), groups);
  if (loss.inputs.divergences) detail::require_numbers(name, "divergences", groups.divergences.size(), groups);
  if constexpr (token_loss<Loss>) {
    return loss(groups);
  } else {
    const auto reduced = detail::reduce_all(loss.reduction, loss.inputs.reference, groups);  // [S]
    batch_losses results = detail::losses_of(loss, {reduced, groups.begins});
    return {std::move(results.losses), detail::spread_all(loss.reduction, results.slopes, groups), {}};
  }
}

/// Lets a loss that carries numbers from step to step take this step in; nothing for others.
template <preference_loss Loss>
void observe(Loss& loss, const token_groups& groups) {
  if constexpr (token_loss<Loss>) {
    if constexpr (requires { loss.observe(groups); }) loss.observe(groups);
  } else if constexpr (stateful_loss<Loss>) {
    const auto reduced = detail::reduce_all(loss.reduction, loss.inputs.reference, groups);
    loss.observe(response_groups{reduced, groups.begins});
  }
}

/// What the loss carries from step to step; nothing for most.
template <preference_loss Loss>
[[nodiscard]] std::vector<double> state_of(const Loss& loss) {
  if constexpr (requires { loss.state(); }) return loss.state();
  return {};
}

/// Takes over a state. Throws value_error for one that is not of such a loss.
template <preference_loss Loss>
void restore_state(Loss& loss, std::span<const double> state) {
  if constexpr (requires { loss.restore(state); }) {
    loss.restore(state);
  } else if (!state.empty()) {
    throw value_error(join(detail::loss_name<Loss>(), ": a state of ", state.size(), " numbers, wanted none"));
  }
}

/// What turns the log-ratios of summed log-probs into the rewards of a log: the loss's beta, or 1 where it has none.
template <preference_loss Loss>
[[nodiscard]] double reward_scale(const Loss& loss) {
  if constexpr (requires { static_cast<double>(loss.beta); }) {
    return static_cast<double>(loss.beta);
  } else if constexpr (requires { static_cast<double>(loss.reward_scale()); }) {
    return loss.reward_scale();
  }
  return 1;
}

/// Whether what the loss takes for log-probs are rewards themselves, those of a `reward_model`.
template <preference_loss Loss>
[[nodiscard]] constexpr bool reads_rewards() {
  if constexpr (requires { Loss::reads_rewards; }) return Loss::reads_rewards;
  return false;
}

}  // namespace prefopt
