// SPDX-License-Identifier: MIT
#pragma once
// Which reference a loss is trained with: a model or cache that answers for every example, or none
// at all if the loss reads none. The other two combinations do not compile if the loss's type says
// what it reads; otherwise they are rejected before a model runs.

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt::inline v0_2 {

/// Takes the place of a reference for losses that read none.
struct no_reference {};

namespace detail {

/// The loss's inputs are part of its type.
template <class Loss>
concept inputs_are_constant = requires { typename std::bool_constant<Loss::inputs.reference>; };

template <class Loss>
inline constexpr bool reads_a_reference = true;
template <inputs_are_constant Loss>
inline constexpr bool reads_a_reference<Loss> = Loss::inputs.reference;

}  // namespace detail

/// A reference that a loss can be trained or evaluated with. Needs: a policy_model if
/// `Loss::inputs.reference`, else no_reference; either if `inputs` is known only at run time, and
/// then no_reference throws if it is read.
template <class Reference, class Loss>
concept reference_for =
    preference_loss<Loss> &&
    ((policy_model<Reference> && !gives_rewards<Reference>() && detail::reads_a_reference<Loss>) ||
     (std::same_as<Reference, no_reference> &&
      !(detail::inputs_are_constant<Loss> && detail::reads_a_reference<Loss>)));

/// A reference that a trainer lets follow the policy. Needs: `after_step(policy, step)`, called
/// after each completed step; `step` counts from 1.
template <class Reference, class Policy>
concept following_reference =
    policy_model<Reference> && requires(Reference& reference, Policy& policy, std::int64_t step) {
      reference.after_step(policy, step);
    };

/// A policy returns what the loss reads: both use rewards, or both use log-probs.
template <class Loss, class Policy>
concept loss_for = preference_loss<Loss> && (reads_rewards<Loss>() == gives_rewards<Policy>());

namespace detail {

/// The address at which the reference can be found later. For no_reference it is not the
/// argument's, which may be a temporary.
template <class Reference>
[[nodiscard]] const Reference* address_of(const Reference& reference) {
  if constexpr (std::same_as<Reference, no_reference>) {
    static constexpr no_reference none{};
    return &none;
  } else {
    return &reference;
  }
}

/// Whether the policy is its own reference: one object, even if seen as a base of the other.
template <class Policy, class Reference>
[[nodiscard]] bool is_its_own_reference(const Policy& policy, const Reference& reference) {
  if constexpr (std::is_base_of_v<Policy, Reference> || std::is_base_of_v<Reference, Policy>)
    return static_cast<const void*>(&policy) == static_cast<const void*>(&reference);
  return false;
}

/// Throws value_error if the policy is its own reference, which would leave every log-ratio at 0.
template <class Policy, class Reference>
void refuse_itself_as_reference(const char* where, const Policy& policy,
                                const Reference& reference) {
  if (is_its_own_reference(policy, reference))
    throw value_error(concat(
        where,
        ": the policy is its own reference, which moves with it, so the loss sees no "
        "change; pass reference_log_probs(policy, examples) or a frozen copy of the policy"));
}

/// Whether the loss accepts a reference that it does not read, as a loss chosen at run time does.
template <class Loss>
[[nodiscard]] constexpr bool chosen_at_run_time() {
  if constexpr (requires { Loss::chosen_at_run_time; }) return Loss::chosen_at_run_time;
  return false;
}

/// Throws value_error if the loss reads what policy and reference do not provide, or does not read
/// the reference that it gets, unless `may_be_unread`.
template <class Policy, class Reference, class Loss>
void require_inputs(const Loss& loss, bool may_be_unread = false) {
  constexpr bool none = std::same_as<Reference, no_reference>;
  const loss_inputs inputs = loss.inputs;
  const bool reads = inputs.reference || inputs.divergences;
  if (reads && none)
    throw value_error("the loss reads a reference, but there is none: no_reference{} was passed");
  if (!reads && !none && !may_be_unread && !chosen_at_run_time<Loss>())
    throw value_error("the loss reads no reference, but one was passed; pass no_reference{}");
  if (inputs.square_sums && !has_collision_probs<Policy>)
    throw value_error("the loss reads square sums, which this policy does not provide");
  if (inputs.divergences && !has_kl_divergence<Policy, Reference>)
    throw value_error(
        "the loss reads divergences, which this policy does not provide from this reference; pass a "
        "frozen copy of the policy as the reference");
}

/// The reference's log-probs, [M] in nats; none if they are not read.
template <class Reference>
[[nodiscard]] std::vector<double> ask(const Reference& reference, const prefix_tree_batch& batch,
                                      bool reads) {
  if (!reads) return {};
  if constexpr (std::same_as<Reference, no_reference>)
    throw value_error("the loss reads a reference, but there is none");
  else
    return reference.token_log_probs(batch);
}

}  // namespace detail

}  // namespace prefopt::inline v0_2
