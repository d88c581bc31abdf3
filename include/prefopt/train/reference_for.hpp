// SPDX-License-Identifier: MIT
#pragma once
// Which reference a loss is trained with: a model or cache that answers for every example, or none at all where the
// loss reads none. The other two combinations do not compile, where the loss's type tells what it reads.

#include <concepts>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/data/prefix_tree_batch.hpp"
#include "prefopt/loss/token_losses.hpp"
#include "prefopt/policy/concepts.hpp"

namespace prefopt {

/// Stands where a reference would, for losses that read none.
struct no_reference {};

namespace detail {

/// The loss's inputs are part of its type.
template <class Loss>
concept inputs_are_constant = requires {
  typename std::bool_constant<Loss::inputs.reference>;
};

template <class Loss>
inline constexpr bool reads_a_reference = true;
template <inputs_are_constant Loss>
inline constexpr bool reads_a_reference<Loss> = Loss::inputs.reference;

}  // namespace detail

/// What a loss can be trained or evaluated with. Needs: a policy_model where `Loss::inputs.reference`, else
/// no_reference; either where `inputs` is known at run time only, and then no_reference throws if it is asked.
template <class Reference, class Loss>
concept reference_for = preference_loss<Loss> &&
    ((policy_model<Reference> && !gives_rewards<Reference>() && detail::reads_a_reference<Loss>) ||
     (std::same_as<Reference, no_reference> &&
      !(detail::inputs_are_constant<Loss> && detail::reads_a_reference<Loss>)));

/// A policy gives what the loss reads: both are of rewards, or both of log-probs.
template <class Loss, class Policy>
concept loss_for = preference_loss<Loss> &&(reads_rewards<Loss>() == gives_rewards<Policy>());

namespace detail {

/// Where the reference can be found later. That of no_reference is not the argument's, which may be a temporary.
template <class Reference>
[[nodiscard]] const Reference* place_of(const Reference& reference) {
  if constexpr (std::same_as<Reference, no_reference>) {
    static constexpr no_reference none{};
    return &none;
  } else {
    return &reference;
  }
}

/// The reference's log-probs, [M] in nats; none where they are not read.
template <class Reference>
[[nodiscard]] std::vector<double> ask(const Reference& reference, const prefix_tree_batch& batch, bool reads) {
  if (!reads) return {};
  if constexpr (std::same_as<Reference, no_reference>) {
    throw value_error("the loss reads a reference, but there is none");
  } else {
    return reference.token_log_probs(batch);
  }
}

}  // namespace detail

}  // namespace prefopt
