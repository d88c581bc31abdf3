// SPDX-License-Identifier: MIT
#pragma once
// token_losses: computes any loss from token log-probs to token slopes. It reduces a step's numbers
// over tokens as the loss requires, and the adjoint of the reduction carries the slopes back. One
// function handles all kinds of losses, so that trainers and sums of losses only need to know one
// kind.
//
// Legend: E examples, S responses, M tokens.

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/loss/concepts.hpp"
#include "prefopt/loss/detail/reduced_losses.hpp"
#include "prefopt/loss/groups.hpp"
#include "prefopt/loss/token_groups.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

inline void require_numbers(std::string_view loss, const char* what, std::size_t came,
                            const token_groups& groups) {
  if (came != groups.policy.size())
    throw shape_error(
        concat(loss, ": ", came, ' ', what, " for ", groups.policy.size(), " tokens"));
}

/// Throws shape_error unless every response belongs to one example and its tokens exist,
/// value_error for an example without responses.
inline void require_groups(std::string_view loss, const token_groups& groups) {
  const std::size_t responses = groups.responses.size();
  if (groups.begins.empty() ? responses != 0
                            : groups.begins.front() != 0 || groups.begins.back() != responses)
    throw shape_error(concat(loss, ": begins of ", groups.size(), " examples that do not span ",
                             responses, " responses"));
  for (std::size_t e = 0; e < groups.size(); ++e) {
    if (groups.begins[e + 1] > responses || groups.begins[e + 1] < groups.begins[e])
      throw shape_error(concat(loss, ": example ", e, " has responses ", groups.begins[e], " to ",
                               groups.begins[e + 1], " of ", responses));
    if (groups[e].empty()) throw value_error(concat(loss, ": example ", e, " has no response"));
  }
  for (const response_tokens& one : groups.responses)
    if (one.first > groups.policy.size() || one.count > groups.policy.size() - one.first)
      throw shape_error(concat(loss, ": a response of tokens ", one.first, " to ",
                               one.first + one.count, " of ", groups.policy.size()));
}

/// Throws like token_losses for a step that the loss cannot read.
template <preference_loss Loss>
void require_step(const Loss& loss, const token_groups& groups) {
  constexpr std::string_view name = loss_name<Loss>();
  require_groups(name, groups);
  if (loss.inputs.reference)
    detail::require_numbers(name, "reference log-probs", groups.reference.size(), groups);
  if (loss.inputs.square_sums)
    detail::require_numbers(name, "square sums", groups.square_sums.size(), groups);
  if (loss.inputs.divergences)
    detail::require_numbers(name, "divergences", groups.divergences.size(), groups);
}

}  // namespace detail

/// Throws shape_error if a number that the loss reads is missing for a token, and if the loss
/// returns the wrong number of losses or slopes; value_error if an example has a number of
/// responses that the loss cannot read.
template <preference_loss Loss>
[[nodiscard]] token_results token_losses(const Loss& loss, const token_groups& groups) {
  detail::require_step(loss, groups);
  if constexpr (token_loss<Loss>) {
    token_results results = loss(groups);
    const auto require = [](const char* what, std::size_t came, std::size_t expected,
                            const char* of_what) {
      detail::require_count(loss_name<Loss>(), what, came, expected, of_what);
    };
    require("losses", results.losses.size(), groups.size(), "examples");
    require("slopes", results.slopes.size(), groups.policy.size(), "tokens");
    if (!results.divergence_slopes.empty())
      require("divergence slopes", results.divergence_slopes.size(), groups.policy.size(),
              "tokens");
    return results;
  } else {
    const auto reduced = detail::reduce_all(loss.reduction, loss.inputs.reference, groups);  // [S]
    batch_losses results = detail::losses_of(loss, {reduced, groups.begins});
    return {
        std::move(results.losses), detail::spread_all(loss.reduction, results.slopes, groups), {}};
  }
}

/// Whether the loss carries state from step to step, so that it must observe all examples of a step
/// at once.
template <preference_loss Loss>
[[nodiscard]] bool carries_state(const Loss& loss) {
  if constexpr (requires { static_cast<bool>(loss.carries_state()); }) return loss.carries_state();
  if constexpr (token_loss<Loss>)
    return requires(Loss& own, const token_groups& groups) { own.observe(groups); };
  return stateful_loss<Loss>;
}

/// Lets a loss that carries state from step to step observe this step; does nothing for others.
template <preference_loss Loss>
void observe(Loss& loss, const token_groups& groups) {
  detail::require_step(loss, groups);
  if constexpr (token_loss<Loss>) {
    if constexpr (requires { loss.observe(groups); }) loss.observe(groups);
  } else if constexpr (stateful_loss<Loss>) {
    const auto reduced = detail::reduce_all(loss.reduction, loss.inputs.reference, groups);
    loss.observe(response_groups{reduced, groups.begins});
  }
}

/// The state that the loss carries from step to step; empty for most.
template <preference_loss Loss>
[[nodiscard]] std::vector<double> state_of(const Loss& loss) {
  if constexpr (requires { loss.state(); }) return loss.state();
  return {};
}

/// Restores a state. Throws value_error if it is not from such a loss.
template <preference_loss Loss>
void restore_state(Loss& loss, std::span<const double> state) {
  if constexpr (requires { loss.restore(state); }) {
    loss.restore(state);
  } else if (!state.empty()) {
    throw value_error(
        concat(loss_name<Loss>(), ": a state of ", state.size(), " numbers, expected none"));
  }
}

/// The factor from log-ratios of summed log-probs to the rewards in a log: the loss's beta, or 1 if
/// it has none.
template <preference_loss Loss>
[[nodiscard]] double reward_scale(const Loss& loss) {
  if constexpr (requires { static_cast<double>(loss.beta); })
    return static_cast<double>(loss.beta);
  else if constexpr (requires { static_cast<double>(loss.reward_scale()); })
    return loss.reward_scale();
  return 1;
}

/// Whether the loss reads log-probs that are means over tokens: the rewards of a loss without a
/// reference use these.
template <preference_loss Loss>
[[nodiscard]] bool reads_means(const Loss& loss) {
  if constexpr (requires { static_cast<bool>(loss.reads_means()); })
    return loss.reads_means();
  else if constexpr (requires { loss.reduction == token_reduction::mean; })
    return loss.reduction == token_reduction::mean;
  return false;
}

/// Whether the log-probs that the loss reads are actually rewards, those of a `reward_model`.
template <preference_loss Loss>
[[nodiscard]] constexpr bool reads_rewards() {
  if constexpr (requires { Loss::reads_rewards; }) return Loss::reads_rewards;
  return false;
}

}  // namespace prefopt::inline v0_2
